// SPDX-License-Identifier: Apache-2.0

package packed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/arrow/memory/mallocator"

	"varve.dev/go/errorcode"
)

const vectorBytes = 64 * 4

func field(name string, id int, dataType arrow.DataType, nullable bool) arrow.Field {
	return arrow.Field{Name: name, Type: dataType, Nullable: nullable,
		Metadata: arrow.NewMetadata([]string{"PARQUET:field_id"}, []string{fmt.Sprint(id)})}
}

var schema = arrow.NewSchema([]arrow.Field{
	field("id", 100, arrow.PrimitiveTypes.Int64, false),
	field("title", 101, arrow.BinaryTypes.String, true),
	field("emb", 102, &arrow.FixedSizeBinaryType{ByteWidth: vectorBytes}, false),
}, nil)

var groups = []ColumnGroup{{GroupID: 0, Columns: []int{0, 1}}, {GroupID: 102, Columns: []int{2}}}

func leakChecked(t *testing.T) memory.Allocator {
	t.Helper()
	checked := memory.NewCheckedAllocator(mallocator.NewMallocator())
	t.Cleanup(func() { checked.AssertSize(t, 0) })
	return checked
}

// vector is floats, as bytes.
func vector(id int64) []byte {
	var bytes []byte
	for j := range vectorBytes / 4 {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(float32(id)+float32(j)/128))
	}
	return bytes
}

func title(id int64) string { return fmt.Sprintf("title %d", id) }

// makeBatch has rows [first, first+numRows); every seventh title is null.
func makeBatch(pool memory.Allocator, first, numRows int64) arrow.RecordBatch {
	builder := array.NewRecordBuilder(pool, schema)
	defer builder.Release()
	for id := first; id < first+numRows; id++ {
		builder.Field(0).(*array.Int64Builder).Append(id)
		if id%7 == 0 {
			builder.Field(1).AppendNull()
		} else {
			builder.Field(1).(*array.StringBuilder).Append(title(id))
		}
		builder.Field(2).(*array.FixedSizeBinaryBuilder).Append(vector(id))
	}
	return builder.NewRecordBatch()
}

func checkBatch(t *testing.T, batch arrow.RecordBatch, first int64) {
	t.Helper()
	for i := range int(batch.NumRows()) {
		id := first + int64(i)
		if got := batch.Column(0).(*array.Int64).Value(i); got != id {
			t.Fatalf("id of row %d is %d", id, got)
		}
		titles := batch.Column(1).(*array.String)
		if titles.IsNull(i) != (id%7 == 0) || (id%7 != 0 && titles.Value(i) != title(id)) {
			t.Fatalf("title of row %d is %q", id, titles.ValueStr(i))
		}
		if got := batch.Column(2).(*array.FixedSizeBinary).Value(i); string(got) != string(vector(id)) {
			t.Fatalf("vector of row %d is %v", id, got)
		}
	}
}

// checkRows reads to io.EOF, which stays.
func checkRows(t *testing.T, next func() (arrow.RecordBatch, error), first, numRows int64) {
	t.Helper()
	read := first
	for {
		batch, err := next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if batch.NumRows() == 0 || batch.NumRows() > 1024 {
			t.Fatalf("a batch of %d rows", batch.NumRows())
		}
		checkBatch(t, batch, read)
		read += batch.NumRows()
	}
	if read != first+numRows {
		t.Fatalf("read %d rows, not %d", read-first, numRows)
	}
	if _, err := next(); err != io.EOF {
		t.Fatalf("after the end: %v", err)
	}
}

func localStore(t *testing.T) *StorageConfig {
	return &StorageConfig{StorageType: "local", RootPath: t.TempDir()}
}

func pathsOf(set int) []string {
	return []string{fmt.Sprintf("insert_log/0/%d", set), fmt.Sprintf("insert_log/102/%d", set)}
}

func writeSet(t *testing.T, pool memory.Allocator, store *StorageConfig, set int, first, numRows int64) {
	t.Helper()
	writer, err := NewPackedWriter(pathsOf(set), schema, 0, 0, groups, store)
	if err != nil {
		t.Fatal(err)
	}
	for done := int64(0); done < numRows; done += 500 {
		batch := makeBatch(pool, first+done, min(500, numRows-done))
		err := writer.WriteRecordBatch(batch)
		batch.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}

func checkKind(t *testing.T, err error, code errorcode.Code, part string) {
	t.Helper()
	var failed *Error
	if !errors.Is(err, code) || !errors.As(err, &failed) || !strings.Contains(failed.Message, part) {
		t.Fatalf("error is %v, not %v with %q", err, code, part)
	}
}

func TestRowsComeBack(t *testing.T) {
	store := localStore(t)
	writeSet(t, leakChecked(t), store, 1, 0, 6500)
	for _, bufferSize := range []int64{0, 1, 32 << 20} {
		reader, err := NewPackedReader(pathsOf(1), schema, bufferSize, store)
		if err != nil {
			t.Fatal(err)
		}
		checkRows(t, reader.ReadNext, 0, 6500)
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBatchesThatAreRetainedStay(t *testing.T) {
	store := localStore(t)
	writeSet(t, leakChecked(t), store, 1, 0, 1500)
	reader, err := NewPackedReader(pathsOf(1), schema, 0, store)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := reader.ReadNext()
	if err != nil {
		t.Fatal(err)
	}
	batch.Retain()
	defer batch.Release()
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	checkBatch(t, batch, 0)
	// As Milvus' reader is, once it is closed.
	if batch, err := reader.ReadNext(); batch != nil || err != io.EOF {
		t.Fatalf("after closing: %v", err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkNothing looks for files below a store's root.
func checkNothing(t *testing.T, store *StorageConfig) {
	t.Helper()
	err := filepath.WalkDir(store.RootPath, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			err = fmt.Errorf("there is %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWritersAreGivenUp(t *testing.T) {
	store, pool := localStore(t), leakChecked(t)
	batch := makeBatch(pool, 0, 3000)
	defer batch.Release()
	writer, err := NewPackedWriter(pathsOf(1), schema, 0, 0, groups, store)
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.WriteRecordBatch(batch); err != nil {
		t.Fatal(err)
	}
	if err := writer.Abort(); err != nil {
		t.Fatal(err)
	}
	checkKind(t, writer.Close(), errorcode.Invalid, "no packed writer that is open")
	recordWriter, err := NewPackedRecordWriter(pathsOf(1), schema, 0, 0, groups, store)
	if err != nil {
		t.Fatal(err)
	}
	if err := recordWriter.Write(batch); err != nil {
		t.Fatal(err)
	}
	if err := recordWriter.Abort(); err != nil {
		t.Fatal(err)
	}
	checkKind(t, recordWriter.Abort(), errorcode.Invalid, "no packed writer that is open")
	checkNothing(t, store)
	writeSet(t, pool, store, 1, 0, 10) // the names are free
}

// C would end such a text at its zero byte, and open another file.
func TestTextsWithAZeroByteAreRefused(t *testing.T) {
	store := localStore(t)
	writeSet(t, leakChecked(t), store, 1, 0, 10)
	paths := []string{pathsOf(1)[0] + "\x00b", pathsOf(1)[1]}
	_, err := NewPackedReader(paths, schema, 0, store)
	checkKind(t, err, errorcode.Invalid, "zero byte")
	_, err = NewPackedWriter(paths, schema, 0, 0, groups, store)
	checkKind(t, err, errorcode.Invalid, "zero byte")
	cut := &StorageConfig{StorageType: "local", RootPath: store.RootPath + "\x00b"}
	_, err = NewPackedReader(pathsOf(1), schema, 0, cut)
	checkKind(t, err, errorcode.Invalid, "zero byte")
	_, err = NewPackedWriter(pathsOf(2), schema, 0, 0, groups, cut)
	checkKind(t, err, errorcode.Invalid, "zero byte")
	checkKind(t, InitArrowFileSystem(*cut), errorcode.Invalid, "zero byte")
}

func TestSetsAreReadOneAfterTheOther(t *testing.T) {
	store, pool := localStore(t), leakChecked(t)
	writeSet(t, pool, store, 1, 0, 1100)
	writeSet(t, pool, store, 2, 1100, 1)
	writeSet(t, pool, store, 3, 1101, 0)
	writeSet(t, pool, store, 4, 1101, 800)
	sets := [][]string{pathsOf(1), pathsOf(2), pathsOf(3), pathsOf(4)}
	reader, err := NewPackedRecordReader(sets, schema, 0, store)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, reader.Next, 0, 1901)
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	// Closed in the middle, and with a set that is not there.
	reader, err = NewPackedRecordReader([][]string{pathsOf(1), pathsOf(9)}, schema, 0, store)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := reader.Next(); err != nil {
			t.Fatal(err)
		}
	}
	for err == nil {
		_, err = reader.Next()
	}
	checkKind(t, err, errorcode.NotFound, "insert_log/0/9")
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Next(); err != io.EOF {
		t.Fatalf("after closing: %v", err)
	}
}

func TestRecordWriterTellsWhatItWrote(t *testing.T) {
	store, pool := localStore(t), leakChecked(t)
	writer, err := NewPackedRecordWriter(pathsOf(1), schema, 1<<20, 10<<20, groups, store)
	if err != nil {
		t.Fatal(err)
	}
	whole := makeBatch(pool, 0, 1000)
	defer whole.Release()
	batch := whole.NewSlice(100, 228)
	defer batch.Release()
	for range 2 {
		if err := writer.Write(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if writer.WrittenRows() != 256 {
		t.Fatalf("%d rows", writer.WrittenRows())
	}
	titles := 0
	for id := int64(100); id < 228; id++ {
		if id%7 != 0 {
			titles += len(title(id))
		}
	}
	const bitmap = 128 / 8
	for group, want := range map[int64]int{0: bitmap + 128*8 + bitmap + 129*4 + titles, 102: bitmap + 128*vectorBytes} {
		if got := writer.WrittenMemoryBytes(group); got != int64(2*want) {
			t.Fatalf("group %d has %d bytes of memory, not %d", group, got, 2*want)
		}
	}
	for i, group := range groups {
		if writer.WrittenPath(group.GroupID) != pathsOf(1)[i] {
			t.Fatalf("path is %q", writer.WrittenPath(group.GroupID))
		}
		info, err := os.Stat(filepath.Join(store.RootPath, writer.WrittenPath(group.GroupID)))
		if err != nil || info.Size() != writer.WrittenFileBytes(group.GroupID) {
			t.Fatalf("%d bytes, %v", writer.WrittenFileBytes(group.GroupID), err)
		}
	}
	twice := []ColumnGroup{{GroupID: 1, Columns: []int{0, 1}}, {GroupID: 1, Columns: []int{2}}}
	_, err = NewPackedRecordWriter(pathsOf(2), schema, 0, 0, twice, store)
	checkKind(t, err, errorcode.Invalid, "id 1")
}

func TestTheStoreOfTheProcess(t *testing.T) {
	store, pool := localStore(t), leakChecked(t)
	_, err := NewPackedReader(pathsOf(1), schema, 0, nil)
	checkKind(t, err, errorcode.Invalid, "InitArrowFileSystem")
	if err := InitArrowFileSystem(*store); err != nil {
		t.Fatal(err)
	}
	defer CleanArrowFileSystem()
	writeSet(t, pool, nil, 1, 0, 10)
	reader, err := NewPackedReader(pathsOf(1), schema, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	checkRows(t, reader.ReadNext, 0, 10)
}

func TestSaysWhatWentWrong(t *testing.T) {
	store, pool := localStore(t), leakChecked(t)
	_, err := NewPackedWriter(pathsOf(1)[:1], schema, 0, 0, groups, store)
	checkKind(t, err, errorcode.Invalid, "paths")
	_, err = NewPackedWriter(nil, schema, 0, 0, nil, store)
	checkKind(t, err, errorcode.Invalid, "num_paths")
	_, err = NewPackedWriter(pathsOf(1), schema, 0, 0, []ColumnGroup{{Columns: []int{0}}, {Columns: []int{2}}}, store)
	checkKind(t, err, errorcode.Invalid, "title")
	bare := arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int64}}, nil)
	_, err = NewPackedWriter([]string{"a"}, bare, 0, 0, []ColumnGroup{{Columns: []int{0}}}, store)
	checkKind(t, err, errorcode.Invalid, "id")
	_, err = NewPackedReader(pathsOf(1), schema, 0, &StorageConfig{StorageType: "tape"})
	checkKind(t, err, errorcode.Invalid, "tape")

	_, err = NewPackedReader(pathsOf(1), nil, 0, store)
	checkKind(t, err, errorcode.Invalid, "schema is nil")
	_, err = NewPackedWriter(pathsOf(1), nil, 0, 0, groups, store)
	checkKind(t, err, errorcode.Invalid, "schema is nil")

	_, err = NewPackedWriter(pathsOf(1)[:1], schema, 0, 0, []ColumnGroup{{Columns: []int{1<<32 + 1}}}, store)
	checkKind(t, err, errorcode.Invalid, "4294967297")

	writer, err := NewPackedWriter(pathsOf(1), schema, 0, 0, groups, store)
	if err != nil {
		t.Fatal(err)
	}
	checkKind(t, writer.WriteRecordBatch(nil), errorcode.Invalid, "batch is nil")
	batch := makeBatch(pool, 0, 3)
	narrow := array.NewRecordBatch(arrow.NewSchema(schema.Fields()[:1], nil), batch.Columns()[:1], 3)
	checkKind(t, writer.WriteRecordBatch(narrow), errorcode.Invalid, "number of columns")
	narrow.Release()
	batch.Release()
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	checkKind(t, writer.Close(), errorcode.Invalid, "no packed writer that is open")
	_, err = NewPackedWriter(pathsOf(1), schema, 0, 0, groups, store)
	checkKind(t, err, errorcode.AlreadyExists, "insert_log/")
	// The vectors as another type than the stored one.
	other := arrow.NewSchema([]arrow.Field{schema.Field(0), field("emb", 102, arrow.BinaryTypes.Binary, false)}, nil)
	_, err = NewPackedReader(pathsOf(1), other, 0, store)
	checkKind(t, err, errorcode.Unsupported, "emb")

	path := filepath.Join(store.RootPath, pathsOf(1)[1])
	if err := os.Truncate(path, 20); err != nil {
		t.Fatal(err)
	}
	_, err = NewPackedReader(pathsOf(1), schema, 0, store)
	checkKind(t, err, errorcode.Corruption, pathsOf(1)[1])
}

// bufferOf is the address of a buffer of a column, as C has it (the layout is of the C data interface).
func bufferOf(batch *cdata.CArrowArray, column, buffer int) unsafe.Pointer {
	const buffersAt, childrenAt = 40, 48
	at := func(base unsafe.Pointer, offset uintptr) unsafe.Pointer {
		return *(*unsafe.Pointer)(unsafe.Add(base, offset))
	}
	children := at(unsafe.Pointer(batch), childrenAt)
	child := at(children, uintptr(column)*unsafe.Sizeof(uintptr(0)))
	return at(at(child, buffersAt), uintptr(buffer)*unsafe.Sizeof(uintptr(0)))
}

// No copy of vectors is made on their way to Go: they lie where C has them.
func TestVectorsAreNotCopied(t *testing.T) {
	store := localStore(t)
	writeSet(t, leakChecked(t), store, 1, 0, 3000)
	reader, err := NewPackedReader(pathsOf(1), schema, 0, store)
	if err != nil {
		t.Fatal(err)
	}
	read := int64(0)
	for {
		fromC, fromCSchema, err := reader.readNext()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		inC := uintptr(bufferOf(fromC, 2, 1))
		batch, err := cdata.ImportCRecordBatch(fromC, fromCSchema)
		freeStructures(fromC, fromCSchema)
		if err != nil {
			t.Fatal(err)
		}
		checkBatch(t, batch, read)
		inGo := uintptr(unsafe.Pointer(unsafe.SliceData(batch.Column(2).Data().Buffers()[1].Bytes())))
		if inGo != inC {
			t.Fatalf("vectors are at %x in C and at %x in Go", inC, inGo)
		}
		read += batch.NumRows()
		batch.Release()
	}
	if read != 3000 {
		t.Fatalf("read %d rows", read)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
}
