// SPDX-License-Identifier: Apache-2.0

package packed

import (
	"os"
	"strings"
	"testing"

	"varve.dev/go/errorcode"
)

// Against the server that tests/stores/servers.py starts: keys have the root in them, whatever the store is called.
func TestObjectStores(t *testing.T) {
	address := os.Getenv("AWS_ENDPOINT_URL")
	bucket, isS3 := strings.CutPrefix(os.Getenv("VARVE_TEST_STORE"), "s3://")
	if !isS3 {
		t.Skip("no server of an object store: tests/stores/servers.py starts one")
	}
	bucket, _, _ = strings.Cut(bucket, "/")
	pool := leakChecked(t)
	for set, storageType := range []string{"minio", "remote", "opendal"} {
		store := &StorageConfig{
			StorageType:     storageType,
			CloudProvider:   "aws",
			Address:         strings.TrimPrefix(address, "http://"),
			BucketName:      bucket,
			AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
			Region:          os.Getenv("AWS_REGION"),
			RootPath:        "files",
			MaxConnections:  100,
		}
		paths := []string{"files/" + pathsOf(set)[0], "files/" + pathsOf(set)[1]}
		writer, err := NewPackedWriter(paths, schema, 0, 10<<20, groups, store)
		if err != nil {
			t.Fatal(err)
		}
		batch := makeBatch(pool, 0, 1500)
		err = writer.WriteRecordBatch(batch)
		batch.Release()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
		// The other way to say the same address, and a root that has no part in keys.
		store.Address, store.RootPath = address, "elsewhere"
		reader, err := NewPackedReader(paths, schema, 0, store)
		if err != nil {
			t.Fatal(err)
		}
		checkRows(t, reader.ReadNext, 0, 1500)
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
		store.SecretAccessKey = "canary-of-a-secret"
		_, err = NewPackedReader(paths, schema, 0, store)
		checkKind(t, err, errorcode.Denied, "")
		if strings.Contains(err.Error(), store.SecretAccessKey) {
			t.Fatalf("the secret is in a message: %v", err)
		}
	}
}
