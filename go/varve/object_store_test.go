// SPDX-License-Identifier: Apache-2.0

package varve_test

import (
	"os"
	"strings"
	"testing"

	"varve.dev/go/varve"
)

// Against the server that tests/stores/servers.py starts.
func TestObjectStores(t *testing.T) {
	store := os.Getenv("VARVE_TEST_STORE")
	if !strings.HasPrefix(store, "s3://") {
		t.Skip("no server of an object store: tests/stores/servers.py starts one")
	}
	options := map[string]string{
		"endpoint":          os.Getenv("AWS_ENDPOINT_URL"),
		"region":            os.Getenv("AWS_REGION"),
		"access_key_id":     os.Getenv("AWS_ACCESS_KEY_ID"),
		"secret_access_key": os.Getenv("AWS_SECRET_ACCESS_KEY"),
	}
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	pool := leakChecked(t)
	rows := makeRows(t, pool, 0, 2, 50)
	defer rows.Release()
	uri := store + "/go-books"
	table, err := varve.Create(t.Context(), uri, rows, &varve.CreateOptions{Storage: options})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	table, err = varve.Open(t.Context(), uri, &varve.OpenOptions{Storage: options})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	back, err := table.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, back, 0, 100)
}
