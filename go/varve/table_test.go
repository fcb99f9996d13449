// SPDX-License-Identifier: Apache-2.0

package varve_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/arrow/memory/mallocator"

	"varve.dev/go/errorcode"
	"varve.dev/go/varve"
)

const dim = 4

var schema = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64},
	{Name: "title", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "emb", Type: arrow.FixedSizeListOf(dim, arrow.PrimitiveTypes.Float32)},
}, nil)

// leakChecked is memory of C, all of which must be back when the test ends.
func leakChecked(t *testing.T) memory.Allocator {
	t.Helper()
	checked := memory.NewCheckedAllocator(mallocator.NewMallocator())
	t.Cleanup(func() { checked.AssertSize(t, 0) })
	return checked
}

func element(id int64, j int) float32 { return float32(id) + 0.25*float32(j) }

func title(id int64) string { return strings.Repeat("x", int(id%5)) }

// makeBatch has rows [first, first+numRows); every seventh title is null.
func makeBatch(pool memory.Allocator, first, numRows int64) arrow.RecordBatch {
	builder := array.NewRecordBuilder(pool, schema)
	defer builder.Release()
	vectors := builder.Field(2).(*array.FixedSizeListBuilder)
	for id := first; id < first+numRows; id++ {
		builder.Field(0).(*array.Int64Builder).Append(id)
		if id%7 == 0 {
			builder.Field(1).AppendNull()
		} else {
			builder.Field(1).(*array.StringBuilder).Append(title(id))
		}
		vectors.Append(true)
		for j := range dim {
			vectors.ValueBuilder().(*array.Float32Builder).Append(element(id, j))
		}
	}
	return builder.NewRecordBatch()
}

func makeRows(t *testing.T, pool memory.Allocator, first int64, numBatches int, rowsPerBatch int64) array.RecordReader {
	t.Helper()
	var batches []arrow.RecordBatch
	for i := range int64(numBatches) {
		batches = append(batches, makeBatch(pool, first+i*rowsPerBatch, rowsPerBatch))
	}
	rows, err := array.NewRecordReader(schema, batches)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range batches {
		batch.Release()
	}
	return rows
}

// checkBatch expects the columns of makeBatch for `ids`.
func checkBatch(t *testing.T, batch arrow.RecordBatch, ids []int64) {
	t.Helper()
	if got := batch.Column(0).(*array.Int64).Int64Values(); !equal(got, ids) {
		t.Fatalf("ids are %v, not %v", got, ids)
	}
	titles := batch.Column(1).(*array.String)
	vectors := batch.Column(2).(*array.FixedSizeList)
	elements := vectors.ListValues().(*array.Float32)
	for i, id := range ids {
		if titles.IsNull(i) != (id%7 == 0) {
			t.Fatalf("title of %d: null is %v", id, titles.IsNull(i))
		}
		if id%7 != 0 && titles.Value(i) != title(id) {
			t.Fatalf("title of %d is %q", id, titles.Value(i))
		}
		start, _ := vectors.ValueOffsets(i)
		for j := range dim {
			if got := elements.Value(int(start) + j); got != element(id, j) {
				t.Fatalf("element %d of %d is %v", j, id, got)
			}
		}
	}
}

func equal(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// checkRows reads to the end: rows [first, first+numRows).
func checkRows(t *testing.T, rows array.RecordReader, first, numRows int64) {
	t.Helper()
	defer rows.Release()
	next := first
	for rows.Next() {
		batch := rows.RecordBatch()
		ids := make([]int64, batch.NumRows())
		for i := range ids {
			ids[i] = next + int64(i)
		}
		checkBatch(t, batch, ids)
		next += batch.NumRows()
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if next != first+numRows {
		t.Fatalf("read %d rows, not %d", next-first, numRows)
	}
}

func makeTable(t *testing.T, pool memory.Allocator) (*varve.Table, string) {
	t.Helper()
	uri := filepath.Join(t.TempDir(), "books")
	rows := makeRows(t, pool, 0, 2, 50)
	defer rows.Release()
	table, err := varve.Create(t.Context(), uri, rows, &varve.CreateOptions{PrimaryKey: "id", Message: "first"})
	if err != nil {
		t.Fatal(err)
	}
	return table, uri
}

func checkState(t *testing.T, table *varve.Table, want varve.State) {
	t.Helper()
	if state, err := table.State(); err != nil || state != want {
		t.Fatalf("state is %+v, %v, not %+v", state, err, want)
	}
}

func checkKind(t *testing.T, err error, code errorcode.Code, part string) {
	t.Helper()
	var failed *varve.Error
	if !errors.Is(err, code) || !errors.As(err, &failed) || !strings.Contains(failed.Message, part) {
		t.Fatalf("error is %v, not %v with %q", err, code, part)
	}
}

func TestRowsComeBack(t *testing.T) {
	pool := leakChecked(t)
	table, uri := makeTable(t, pool)
	checkState(t, table, varve.State{Version: 1, NumRows: 100})

	other, err := varve.Open(t.Context(), uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	more := makeRows(t, pool, 100, 3, 10)
	commit, err := table.Append(t.Context(), more, &varve.AppendOptions{Message: "more"})
	more.Release()
	if want := (varve.Commit{Version: 2, RowsAdded: 30}); err != nil || commit != want {
		t.Fatalf("commit is %+v, %v", commit, err)
	}
	checkState(t, other, varve.State{Version: 1, NumRows: 100})
	if err := other.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkState(t, other, varve.State{Version: 2, NumRows: 130})
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}

	rows, err := table.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, rows, 0, 130)
	rows, err = table.Scan(t.Context(), &varve.ScanOptions{Columns: []string{"id", "title", "emb"}, Filter: "id >= 20", Limit: 60, BatchSize: 7})
	if err != nil {
		t.Fatal(err)
	}
	// A reader goes on without its table.
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	checkRows(t, rows, 20, 60)

	old, err := varve.Open(t.Context(), uri, &varve.OpenOptions{Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	checkState(t, old, varve.State{Version: 1, NumRows: 100})
	found, err := old.Schema()
	if err != nil || found.NumFields() != 3 || found.Field(2).Name != "emb" || !arrow.TypeEqual(found.Field(2).Type, schema.Field(2).Type) {
		t.Fatalf("schema is %v, %v", found, err)
	}
}

func TestTakesRowsByPosition(t *testing.T) {
	table, _ := makeTable(t, leakChecked(t))
	defer table.Close()
	for _, positions := range [][]int64{{5, 99, 5, 0}, {}, nil} {
		batch, err := table.Take(t.Context(), positions, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkBatch(t, batch, positions)
		batch.Release()
	}
	batch, err := table.Take(t.Context(), []int64{3}, &varve.TakeOptions{Columns: []string{"id"}, SkipVerification: true})
	if err != nil || batch.NumCols() != 1 || batch.Column(0).(*array.Int64).Value(0) != 3 {
		t.Fatalf("batch is %v, %v", batch, err)
	}
	batch.Release()
	_, err = table.Take(t.Context(), []int64{3, 100}, nil)
	checkKind(t, err, errorcode.Invalid, "100")
}

func TestMakesAnEmptyTable(t *testing.T) {
	_, err := varve.CreateEmpty(t.Context(), filepath.Join(t.TempDir(), "none"), nil, nil)
	checkKind(t, err, errorcode.Invalid, "schema is nil")
	table, err := varve.CreateEmpty(t.Context(), filepath.Join(t.TempDir(), "empty"), schema, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	checkState(t, table, varve.State{Version: 1, NumRows: 0})
	rows := makeRows(t, leakChecked(t), 0, 1, 3)
	defer rows.Release()
	if commit, err := table.Append(t.Context(), rows, nil); err != nil || commit.RowsAdded != 3 {
		t.Fatal(commit, err)
	}
	back, err := table.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, back, 0, 3)
}

// failing gives one batch and then an error.
type failing struct{ array.RecordReader }

var errDry = errors.New("the rows ran dry")

func (f failing) Err() error { return errDry }

func TestSaysWhatWentWrong(t *testing.T) {
	pool := leakChecked(t)
	table, uri := makeTable(t, pool)
	defer table.Close()

	_, err := varve.Open(t.Context(), filepath.Join(t.TempDir(), "absent"), nil)
	checkKind(t, err, errorcode.NotFound, "")
	_, err = varve.Open(t.Context(), "", nil)
	checkKind(t, err, errorcode.Invalid, "uri")
	_, err = varve.Open(t.Context(), uri, &varve.OpenOptions{Version: 99})
	checkKind(t, err, errorcode.NotFound, "99")
	_, err = varve.Open(t.Context(), "s3://bucket/books", &varve.OpenOptions{Storage: map[string]string{"no_such_option": "1"}})
	if err == nil {
		t.Fatal("an unknown option is taken")
	}
	rows := makeRows(t, pool, 0, 1, 1)
	_, err = varve.Create(t.Context(), uri, rows, nil)
	rows.Release()
	checkKind(t, err, errorcode.AlreadyExists, "books")
	_, err = varve.Create(t.Context(), filepath.Join(t.TempDir(), "none"), nil, nil)
	checkKind(t, err, errorcode.Invalid, "nil")
	_, err = table.Append(t.Context(), nil, nil)
	checkKind(t, err, errorcode.Invalid, "nil")
	_, err = table.Scan(t.Context(), &varve.ScanOptions{Columns: []string{"idd"}})
	checkKind(t, err, errorcode.Invalid, "idd")
	_, err = table.Scan(t.Context(), &varve.ScanOptions{Filter: "id >"})
	checkKind(t, err, errorcode.Invalid, "")
	_, err = table.Resolve(t.Context(), "nonsense")
	checkKind(t, err, errorcode.Invalid, "token")

	// An error of the reader's comes back with its text, and nothing is written.
	more := makeRows(t, pool, 100, 2, 10)
	_, err = table.Append(t.Context(), failing{more}, nil)
	more.Release()
	checkKind(t, err, errorcode.IO, errDry.Error())
	checkState(t, table, varve.State{Version: 1, NumRows: 100})

	closed, err := varve.Open(t.Context(), uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	checkKind(t, closed.Close(), errorcode.Invalid, "no table that is open")
	_, err = closed.Scan(t.Context(), nil)
	checkKind(t, err, errorcode.Invalid, "no table that is open")
}

// C would end such a text at its zero byte, and do something else.
func TestTextsWithAZeroByteAreRefused(t *testing.T) {
	pool := leakChecked(t)
	table, uri := makeTable(t, pool)
	defer table.Close()
	cut, ctx := "id\x00", t.Context()
	rows := makeRows(t, pool, 0, 1, 1)
	defer rows.Release()
	refused := map[string]func() error{
		"open": func() error { _, err := varve.Open(ctx, uri+cut, nil); return err },
		"storage": func() error {
			_, err := varve.Open(ctx, uri, &varve.OpenOptions{Storage: map[string]string{"region": cut}})
			return err
		},
		"create": func() error { _, err := varve.Create(ctx, uri+cut, rows, nil); return err },
		"primary key": func() error {
			_, err := varve.CreateEmpty(ctx, uri+"2", schema, &varve.CreateOptions{PrimaryKey: cut})
			return err
		},
		"append":  func() error { _, err := table.Append(ctx, rows, &varve.AppendOptions{Message: cut}); return err },
		"resolve": func() error { _, err := table.Resolve(ctx, cut); return err },
		"filter": func() error {
			_, err := table.Scan(ctx, &varve.ScanOptions{Filter: "id > 1\x00 AND id < 0"})
			return err
		},
		"columns": func() error { _, err := table.Scan(ctx, &varve.ScanOptions{Columns: []string{cut}}); return err },
		"take": func() error {
			_, err := table.Take(ctx, []int64{1}, &varve.TakeOptions{Columns: []string{cut}})
			return err
		},
		"take row ids": func() error {
			_, err := table.TakeRowIDs(ctx, []uint64{1}, &varve.TakeOptions{Columns: []string{cut}})
			return err
		},
	}
	for name, call := range refused {
		t.Run(name, func(t *testing.T) { checkKind(t, call(), errorcode.Invalid, "zero byte") })
	}
	checkState(t, table, varve.State{Version: 1, NumRows: 100})
}

func TestStreamsSayWhereTheDamageIs(t *testing.T) {
	table, uri := makeTable(t, leakChecked(t))
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	damaged := 0
	err := filepath.WalkDir(uri, func(path string, entry os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".parquet" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		stored := []byte{0, 0, 0x12, 0x42} // the first element of vector 36, which is 36.5
		at := bytes.Index(content, stored)
		if at < 0 {
			return nil
		}
		content[at] ^= 1
		damaged++
		return os.WriteFile(path, content, 0o600)
	})
	if err != nil || damaged == 0 {
		t.Fatalf("nothing to damage, %v", err)
	}
	table, err = varve.Open(t.Context(), uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	rows, err := table.Scan(t.Context(), nil)
	if err == nil {
		for rows.Next() {
		}
		err = rows.Err()
		rows.Release()
	}
	if err == nil || !strings.Contains(err.Error(), ".parquet") {
		t.Fatalf("error is %v", err)
	}
}

func TestGoroutinesShareATable(t *testing.T) {
	table, _ := makeTable(t, leakChecked(t))
	var all sync.WaitGroup
	for range 4 * runtime.NumCPU() {
		all.Add(1)
		go func() {
			defer all.Done()
			rows, err := table.Scan(t.Context(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			rows.Release()
			batch, err := table.Take(t.Context(), []int64{7, 1}, nil)
			if err != nil {
				t.Error(err)
				return
			}
			checkBatch(t, batch, []int64{7, 1})
			batch.Release()
		}()
	}
	all.Wait()
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
}

// mappedFile is the file that memory is mapped from, or "".
func mappedFile(t *testing.T, address uintptr) string {
	t.Helper()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var begin, end uintptr
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x", &begin, &end); err != nil {
			t.Fatal(err)
		}
		if fields := strings.Fields(lines.Text()); begin <= address && address < end && len(fields) > 5 {
			return fields[5]
		}
	}
	return ""
}

// No copy of vectors is made on their way to Go: they lie in the file itself, mapped.
func TestVectorsAreNotCopied(t *testing.T) {
	table, uri := makeTable(t, leakChecked(t))
	defer table.Close()
	folder, err := filepath.EvalSymlinks(uri)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := table.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	read := int64(0)
	for rows.Next() {
		elements := rows.RecordBatch().Column(2).(*array.FixedSizeList).ListValues().(*array.Float32)
		address := uintptr(unsafe.Pointer(unsafe.SliceData(elements.Float32Values())))
		if mapped := mappedFile(t, address); !strings.HasPrefix(mapped, folder) || filepath.Ext(mapped) != ".parquet" {
			t.Fatalf("vectors are at %x, in %q, and not in a file of %s", address, mapped, folder)
		}
		read += rows.RecordBatch().NumRows()
	}
	if read != 100 {
		t.Fatalf("read %d rows, %v", read, rows.Err())
	}
}

// rowIDs is what the table says of the rows that a filter lets through.
func rowIDs(t *testing.T, table *varve.Table, filter string) []uint64 {
	t.Helper()
	rows, err := table.Scan(t.Context(), &varve.ScanOptions{Columns: []string{"RowID"}, Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	var ids []uint64
	for rows.Next() {
		for _, id := range rows.RecordBatch().Column(0).(*array.Int64).Int64Values() {
			ids = append(ids, uint64(id))
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestTakesRowsByID(t *testing.T) {
	table, _ := makeTable(t, leakChecked(t))
	defer table.Close()
	ids := rowIDs(t, table, "id >= 40")
	if len(ids) != 60 {
		t.Fatalf("row ids are %v", ids)
	}
	batch, err := table.TakeRowIDs(t.Context(), []uint64{ids[59], ids[0], ids[59]}, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkBatch(t, batch, []int64{99, 40, 99})
	batch.Release()
	batch, err = table.TakeRowIDs(t.Context(), nil, &varve.TakeOptions{Columns: []string{"id"}})
	if err != nil || batch.NumCols() != 1 || batch.NumRows() != 0 {
		t.Fatalf("batch is %v, %v", batch, err)
	}
	batch.Release()
	_, err = table.TakeRowIDs(t.Context(), []uint64{ids[0], 123456789}, nil)
	checkKind(t, err, errorcode.NotFound, "123456789")
}

// times are those of the rows, as a scan shows them.
func times(t *testing.T, table *varve.Table) []int64 {
	t.Helper()
	rows, err := table.Scan(t.Context(), &varve.ScanOptions{Columns: []string{"Timestamp"}})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	var all []int64
	for rows.Next() {
		all = append(all, rows.RecordBatch().Column(0).(*array.Int64).Int64Values()...)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestKeepsTimestamps(t *testing.T) {
	pool := leakChecked(t)
	fields := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "Timestamp", Type: arrow.PrimitiveTypes.Int64},
	}, nil)
	kept := []int64{7, 1 << 62, -1} // -1 is the last of all, 2^64 - 1
	withTimes := func() array.RecordReader {
		builder := array.NewRecordBuilder(pool, fields)
		defer builder.Release()
		builder.Field(0).(*array.Int64Builder).AppendValues([]int64{0, 1, 2}, nil)
		builder.Field(1).(*array.Int64Builder).AppendValues(kept, nil)
		batch := builder.NewRecordBatch()
		defer batch.Release()
		rows, err := array.NewRecordReader(fields, []arrow.RecordBatch{batch})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	uri := filepath.Join(t.TempDir(), "times")
	rows := withTimes()
	table, err := varve.Create(t.Context(), uri, rows, &varve.CreateOptions{KeepsTimestamps: true})
	rows.Release()
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	if got := times(t, table); !equal(got, kept) {
		t.Fatalf("times are %v, not %v", got, kept)
	}
	rows = withTimes()
	_, err = table.Append(t.Context(), rows, &varve.AppendOptions{KeepsTimestamps: true})
	rows.Release()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := times(t, table), append(kept, kept...); !equal(got, want) {
		t.Fatalf("times are %v, not %v", got, want)
	}
	rows = withTimes()
	_, err = table.Append(t.Context(), rows, nil)
	rows.Release()
	checkKind(t, err, errorcode.Invalid, "unknown column: field 'Timestamp'")
	checkState(t, table, varve.State{Version: 2, NumRows: 6})
}

func TestTellsItsHistory(t *testing.T) {
	pool := leakChecked(t)
	table, uri := makeTable(t, pool)
	defer table.Close()
	more := makeRows(t, pool, 100, 3, 10)
	defer more.Release()
	if _, err := table.Append(t.Context(), more, &varve.AppendOptions{Message: "more"}); err != nil {
		t.Fatal(err)
	}
	versions, err := table.History(t.Context(), 0)
	if err != nil || len(versions) != 2 || versions[0].CommitMicros < versions[1].CommitMicros {
		t.Fatalf("history is %+v, %v", versions, err)
	}
	asOf, err := varve.Open(t.Context(), uri, &varve.OpenOptions{AsOfMicros: versions[0].CommitMicros})
	if err != nil {
		t.Fatal(err)
	}
	defer asOf.Close()
	checkState(t, asOf, varve.State{Version: 2, NumRows: 130})
	for i := range versions {
		versions[i].CommitMicros = 0
	}
	second := varve.VersionInfo{Version: 2, Operation: "append", RowsAdded: 30, NumRows: 130, Message: "more"}
	first := varve.VersionInfo{Version: 1, Operation: "create", RowsAdded: 100, NumRows: 100, Message: "first"}
	if versions[0] != second || versions[1] != first {
		t.Fatalf("history is %+v", versions)
	}
	if versions, err = table.History(t.Context(), 1); err != nil || len(versions) != 1 || versions[0].Version != 2 {
		t.Fatalf("history is %+v, %v", versions, err)
	}
	_, err = table.History(t.Context(), -1)
	checkKind(t, err, errorcode.Invalid, "limit")
}

// checkStopped expects an error that is both what the library says and what the context says.
func checkStopped(t *testing.T, err, reason error) {
	t.Helper()
	checkKind(t, err, errorcode.Cancelled, "asked to stop")
	if !errors.Is(err, reason) {
		t.Fatalf("error is %v, and not %v", err, reason)
	}
}

func TestAContextThatIsDoneStopsEveryCall(t *testing.T) {
	pool := leakChecked(t)
	table, uri := makeTable(t, pool)
	defer table.Close()
	rows := makeRows(t, pool, 100, 1, 10)
	defer rows.Release()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithTimeout(t.Context(), 0)
	defer cancelLate()
	for ctx, reason := range map[context.Context]error{cancelled: context.Canceled, late: context.DeadlineExceeded} {
		_, err := varve.Open(ctx, uri, nil)
		checkStopped(t, err, reason)
		_, err = varve.Create(ctx, uri+"-stopped", rows, nil)
		checkStopped(t, err, reason)
		_, err = varve.CreateEmpty(ctx, uri+"-stopped", schema, nil)
		checkStopped(t, err, reason)
		_, err = table.Append(ctx, rows, nil)
		checkStopped(t, err, reason)
		_, err = table.Scan(ctx, nil)
		checkStopped(t, err, reason)
		_, err = table.Take(ctx, []int64{3}, nil)
		checkStopped(t, err, reason)
		_, err = table.TakeRowIDs(ctx, []uint64{3}, nil)
		checkStopped(t, err, reason)
		_, err = table.History(ctx, 0)
		checkStopped(t, err, reason)
		checkStopped(t, table.Refresh(ctx), reason)
		_, err = table.Resolve(ctx, "token")
		checkStopped(t, err, reason)
	}
	_, err := varve.Open(t.Context(), uri+"-stopped", nil)
	checkKind(t, err, errorcode.NotFound, "")
	checkState(t, table, varve.State{Version: 1, NumRows: 100})
}

func TestAContextStopsAReader(t *testing.T) {
	table, _ := makeTable(t, leakChecked(t))
	defer table.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows, err := table.Scan(ctx, &varve.ScanOptions{BatchSize: 7})
	if err != nil {
		t.Fatal(err)
	}
	rows.Retain()
	rows.Release()
	if !rows.Next() || rows.RecordBatch().NumRows() != 7 {
		t.Fatalf("no first batch, %v", rows.Err())
	}
	cancel()
	if rows.Next() {
		t.Fatal("a batch after the end of the context")
	}
	checkStopped(t, rows.Err(), context.Canceled)
	rows.Release()

	// A context that ends after its reader, or before the next, is no matter.
	ctx, cancel = context.WithCancel(t.Context())
	rows, err = table.Scan(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, rows, 0, 100)
	cancel()
	if rows, err = table.Scan(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	checkRows(t, rows, 0, 100)
}

// counted is a context that is never done, and counts who waits for its end.
type counted struct {
	context.Context
	done    chan struct{}
	waiting atomic.Int64
}

func (c *counted) Done() <-chan struct{} { return c.done }

func (c *counted) AfterFunc(func()) func() bool {
	c.waiting.Add(1)
	return func() bool {
		c.waiting.Add(-1)
		return true
	}
}

func TestAReaderThatNobodyReleasesLeavesItsContext(t *testing.T) {
	table, _ := makeTable(t, leakChecked(t))
	defer table.Close()
	ctx := &counted{Context: context.Background(), done: make(chan struct{})}
	if _, err := table.Scan(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if ctx.waiting.Load() != 1 {
		t.Fatalf("%d wait for the context, not the reader", ctx.waiting.Load())
	}
	for ctx.waiting.Load() != 0 { // a test that fails goes on until its time limit
		runtime.GC()
	}
}

// endless gives the same batch again and again, and cancels with the second.
type endless struct {
	array.RecordReader
	batch  arrow.RecordBatch
	given  int
	cancel context.CancelFunc
}

func (e *endless) Next() bool {
	if e.given++; e.given == 2 {
		e.cancel()
	}
	return true
}

func (e *endless) RecordBatch() arrow.RecordBatch { return e.batch }

// A test that fails goes on until its time limit ends it.
func TestAContextStopsAnAppendInItsMiddle(t *testing.T) {
	pool := leakChecked(t)
	table, _ := makeTable(t, pool)
	defer table.Close()
	rows := makeRows(t, pool, 100, 1, 10)
	defer rows.Release()
	batch := makeBatch(pool, 100, 10)
	defer batch.Release()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := table.Append(ctx, &endless{RecordReader: rows, batch: batch, cancel: cancel}, nil)
	checkStopped(t, err, context.Canceled)
	if err := table.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkState(t, table, varve.State{Version: 1, NumRows: 100})
}
