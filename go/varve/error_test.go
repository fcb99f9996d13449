// SPDX-License-Identifier: Apache-2.0

package varve

import (
	"testing"

	"varve.dev/go/errorcode"
)

func TestCodesAreThoseOfTheLibrary(t *testing.T) {
	for code := errorcode.Invalid; code <= errorcode.Denied+1; code++ {
		if got := codeName(code); got != code.Error() {
			t.Errorf("code %d is %q in C and %q in Go", code, got, code.Error())
		}
	}
	if errorcode.Denied.Error() == "unknown" || (errorcode.Denied+1).Error() != "unknown" {
		t.Error("Denied is not the last code")
	}
}
