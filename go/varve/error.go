// SPDX-License-Identifier: Apache-2.0

package varve

// #include "varve/c/varve.h"
import "C"

import (
	"context"
	"fmt"

	"varve.dev/go/errorcode"
)

// Error is a call that failed; errors.Is(err, errorcode.NotFound) asks for its code.
type Error struct {
	Code        errorcode.Code
	Message     string // with object, field, offset, expected and found where they are known
	Object      string // path of the file or object, or URI of the table; may be empty
	CommitToken string // of errorcode.CommitUnknown: for Table.Resolve

	cause error // of errorcode.Cancelled: the context's error
}

func (e *Error) Error() string { return fmt.Sprintf("varve: %s (%s)", e.Message, e.Code.Error()) }

// Unwrap gives the code, and of errorcode.Cancelled context.Canceled or context.DeadlineExceeded, for errors.Is and
// errors.As.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.cause}
}

// takeError is what a call with a context came to; `failed` is freed.
func takeError(ctx context.Context, code C.varve_code, failed *C.varve_error) error {
	if code == C.VARVE_OK {
		return nil
	}
	defer C.varve_error_free(failed)
	var cause error
	if code == C.VARVE_CANCELLED {
		cause = ctx.Err()
	}
	return &Error{
		Code:        errorcode.Code(code),
		Message:     C.GoString(C.varve_error_message(failed)),
		Object:      C.GoString(C.varve_error_object(failed)),
		CommitToken: C.GoString(C.varve_error_commit_token(failed)),
		cause:       cause,
	}
}

// codeName is what the library calls a code, which is what Go calls it.
func codeName(code errorcode.Code) string { return C.GoString(C.varve_code_name(C.varve_code(code))) }
