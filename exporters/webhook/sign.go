package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// The least and most bytes of a signing key, as Standard Webhooks has them.
const (
	minKey = 24
	maxKey = 64
)

// parseKeys reads signing secrets that are apart by commas or white space. Its errors do not show them.
func parseKeys(text string) ([][]byte, error) {
	var keys [][]byte
	for _, secret := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		switch {
		case err != nil:
			return nil, errors.New("want whsec_ followed by base64")
		case len(key) < minKey || len(key) > maxKey:
			return nil, fmt.Errorf("want %d to %d bytes in base64, not %d", minKey, maxKey, len(key))
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("holds no secret")
	}
	return keys, nil
}

// sign returns the value of the webhook-signature header: one signature a key, apart by spaces.
func sign(keys [][]byte, id, timestamp string, body []byte) string {
	signatures := make([]string, len(keys))
	for n, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures[n] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}
