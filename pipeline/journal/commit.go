package journal

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline"
)

// write puts c into tx and cuts the audit to its newest keep records.
func write(tx *bbolt.Tx, c pipeline.Commit, keep uint64) error {
	meta, data, total, err := tables(tx)
	if err != nil {
		return err
	}
	if _, err := metaValue(meta, digestRow, total); err != nil {
		return err
	}
	if err := writeStreams(data[streamsBucket], c); err != nil {
		return err
	}
	if err := writeIncidents(data[incidentsBucket], c); err != nil {
		return err
	}
	if err := writeOutbox(data[outboxBucket], c); err != nil {
		return err
	}
	if err := writeReceipts(data[receiptsBucket], c); err != nil {
		return err
	}
	if err := writeAudit(data[auditBucket], c, keep); err != nil {
		return err
	}
	told := slices.ContainsFunc(c.Changes, func(c pipeline.Change) bool { return c.Incident.Subject == pipeline.Subject{} })
	if told {
		if err := meta.remove([]byte(lostRow)); err != nil {
			return err
		}
	}
	return meta.put([]byte(digestRow), total)
}

func writeStreams(t table, c pipeline.Commit) error {
	for _, r := range c.Streams {
		key, err := streamKey(r.Key)
		if err != nil {
			return err
		}
		if err := t.put(key, r); err != nil {
			return err
		}
	}
	for _, k := range c.Gone {
		key, err := streamKey(k)
		if err != nil {
			return err
		}
		if err := t.remove(key); err != nil {
			return err
		}
	}
	return nil
}

func writeIncidents(t table, c pipeline.Commit) error {
	for _, change := range c.Changes {
		key := []byte(change.Incident.ID)
		if change.Kind.Ends() {
			if err := t.remove(key); err != nil {
				return err
			}
			continue
		}
		if err := t.put(key, change.Incident); err != nil {
			return err
		}
	}
	return nil
}

func writeOutbox(t table, c pipeline.Commit) error {
	for _, b := range c.Batches {
		if err := t.put(pair(b.Receiver, b.Key), b); err != nil {
			return err
		}
	}
	for _, id := range slices.Concat(c.Merged, c.Done) {
		if err := t.remove(pair(id.Receiver, id.Key)); err != nil {
			return err
		}
	}
	return nil
}

func writeReceipts(t table, c pipeline.Commit) error {
	for _, r := range c.Receipts {
		key := pair(r.Receiver, r.Group)
		if len(r.Receipt) == 0 {
			if err := t.remove(key); err != nil {
				return err
			}
			continue
		}
		if err := t.put(key, r); err != nil {
			return err
		}
	}
	return nil
}

func streamKey(k pipeline.StreamKey) ([]byte, error) {
	key, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encode stream key: %w", err)
	}
	return key, nil
}

// pair joins two names; a receiver's name holds no NUL.
func pair(receiver, name string) []byte { return []byte(receiver + "\x00" + name) }
