// SPDX-License-Identifier: Apache-2.0

package packed

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Rows [10, 20) of arrays of 100 have two bytes of bitmap, eleven offsets, and their own values.
func TestVisibleBytesAreThoseOfTheSlice(t *testing.T) {
	pool := leakChecked(t)
	bools := array.NewBooleanBuilder(pool)
	texts := array.NewStringBuilder(pool)
	bytes := array.NewBinaryBuilder(pool, arrow.BinaryTypes.Binary)
	lists := array.NewListBuilder(pool, arrow.PrimitiveTypes.Int16)
	vectors := array.NewFixedSizeBinaryBuilder(pool, &arrow.FixedSizeBinaryType{ByteWidth: 6})
	for i := range 100 {
		bools.Append(i%2 == 0)
		texts.Append("four")
		bytes.Append(make([]byte, i))
		lists.Append(true)
		for range i % 3 {
			lists.ValueBuilder().(*array.Int16Builder).Append(int16(i))
		}
		vectors.Append(make([]byte, 6))
	}
	const bitmap, offsets = 2, 11 * 4
	const lengthsOfBytes = 145 // 10 + 11 + … + 19
	const numListed = 10       // 1 + 2 + 0 + 1 + 2 + 0 + 1 + 2 + 0 + 1
	for _, want := range []struct {
		builder array.Builder
		bytes   int64
		none    int64
	}{
		{bools, bitmap + 2, 0},
		{texts, bitmap + offsets + 10*4, 4},
		{bytes, bitmap + offsets + lengthsOfBytes, 4},
		{lists, bitmap + offsets + (numListed+7)/8 + numListed*2, 4},
		{vectors, bitmap + 10*6, 0},
	} {
		column := want.builder.NewArray()
		rows := array.NewSlice(column, 10, 20)
		if got := visibleBytes(rows); got != want.bytes {
			t.Errorf("%v: %d bytes are visible, not %d", column.DataType(), got, want.bytes)
		}
		none := array.NewSlice(rows, 4, 4)
		if got := visibleBytes(none); got != want.none {
			t.Errorf("%v: %d bytes are visible of no row, not %d", column.DataType(), got, want.none)
		}
		empty := want.builder.NewArray() // without buffers
		if got := visibleBytes(empty); got != want.none {
			t.Errorf("%v: %d bytes are visible of an empty column, not %d", column.DataType(), got, want.none)
		}
		for _, made := range []arrow.Array{column, rows, none, empty} {
			made.Release()
		}
		want.builder.Release()
	}
}
