// SPDX-License-Identifier: Apache-2.0

package packed

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// visibleBytes is what the rows of a column take in memory, as Milvus counts it for its metadata: a bitmap where there
// is one, the offsets, and of the values those that the rows refer to. It is src/packed/visible_bytes.cc in Go. The
// column is one that a writer takes: fixed in width, text, bytes, or a list of such.
func visibleBytes(column arrow.Array) int64 {
	numRows := int64(column.Len())
	bytes := int64(0)
	if len(column.NullBitmapBytes()) > 0 {
		bytes = bitutil.BytesForBits(numRows)
	}
	offsets := (numRows + 1) * int64(arrow.Int32SizeBytes)
	switch column := column.(type) {
	case array.BinaryLike:
		if numRows > 0 {
			bytes += int64(len(column.ValueBytes()))
		}
		return bytes + offsets
	case *array.List:
		begin, end := int64(0), int64(0)
		if numRows > 0 {
			begin, _ = column.ValueOffsets(0)
			_, end = column.ValueOffsets(int(numRows) - 1)
		}
		values := array.NewSlice(column.ListValues(), begin, end)
		defer values.Release()
		return bytes + offsets + visibleBytes(values)
	default:
		return bytes + bitutil.BytesForBits(numRows*int64(column.DataType().(arrow.FixedWidthDataType).BitWidth()))
	}
}
