// SPDX-License-Identifier: Apache-2.0

// Command packed_read reads a packed set as bench/write_path/native_packed_read.cc does in C++, and prints the same lines:
//
//	packed_read FOLDER REPETITIONS
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"varve.dev/go/packed"
)

const vectorBytes = 128 * 4

func field(name, id string, dataType arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: dataType, Metadata: arrow.NewMetadata([]string{"PARQUET:field_id"}, []string{id})}
}

var schema = arrow.NewSchema([]arrow.Field{
	field("id", "100", arrow.PrimitiveTypes.Int64),
	field("emb", "101", &arrow.FixedSizeBinaryType{ByteWidth: vectorBytes}),
}, nil)

func read(folder string) (uint64, error) {
	store := &packed.StorageConfig{StorageType: "local", RootPath: folder}
	reader, err := packed.NewPackedReader([]string{"0/1", "101/2"}, schema, 32<<20, store)
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	sum := uint64(0)
	for {
		batch, err := reader.ReadNext()
		if err == io.EOF {
			return sum, nil
		}
		if err != nil {
			return 0, err
		}
		ids := batch.Column(0).(*array.Int64).Int64Values()
		vectors := batch.Column(1).(*array.FixedSizeBinary)
		for i, id := range ids {
			sum ^= binary.LittleEndian.Uint64(vectors.Value(i)) + uint64(id)
		}
	}
}

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: packed_read FOLDER REPETITIONS")
	}
	repetitions, err := strconv.Atoi(os.Args[2])
	if err != nil {
		return err
	}
	// As docs/guide/go.md advises whoever reads in a loop.
	runtime.LockOSThread()
	for range repetitions {
		start := time.Now()
		sum, err := read(os.Args[1])
		if err != nil {
			return err
		}
		fmt.Printf("%d %016x\n", time.Since(start).Nanoseconds(), sum)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
