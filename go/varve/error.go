// SPDX-License-Identifier: Apache-2.0

package varve

// #include "varve/c/varve.h"
import "C"

import "fmt"

// Code says what went wrong; errors.Is(err, varve.NotFound) asks for it. The values are those of varve/c/varve.h.
type Code int32

const (
	Invalid           Code = C.VARVE_INVALID            // the caller's input is wrong
	NotFound          Code = C.VARVE_NOT_FOUND          // a table, version, object, column or row does not exist
	AlreadyExists     Code = C.VARVE_ALREADY_EXISTS     // create met something that is there
	Corruption        Code = C.VARVE_CORRUPTION         // bytes read are not the bytes written
	CommitConflict    Code = C.VARVE_COMMIT_CONFLICT    // another commit overlaps this one; nothing of ours is visible
	CommitUnknown     Code = C.VARVE_COMMIT_UNKNOWN     // the commit may or may not have happened; see Table.Resolve
	Unsupported       Code = C.VARVE_UNSUPPORTED        // a valid file or request that this version does not handle
	ResourceExhausted Code = C.VARVE_RESOURCE_EXHAUSTED // memory, disk or a configured limit
	IO                Code = C.VARVE_IO                 // the operating system or the store reported an error
	Cancelled         Code = C.VARVE_CANCELLED          // the caller asked to stop
	Internal          Code = C.VARVE_INTERNAL           // a defect of Varve
	Denied            Code = C.VARVE_DENIED             // the operating system or the store denies access
)

// Error is the stable name of the code: "not_found".
func (c Code) Error() string { return C.GoString(C.varve_code_name(C.varve_code(c))) }

// Error is a call that failed.
type Error struct {
	Code        Code
	Message     string // with object, field, offset, expected and found where they are known
	Object      string // path of the file or object, or URI of the table; may be empty
	CommitToken string // of CommitUnknown: for Table.Resolve
}

func (e *Error) Error() string { return fmt.Sprintf("varve: %s (%s)", e.Message, e.Code.Error()) }

// Unwrap gives the code, for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Code }

// takeError is what a call came to; `failed` is freed.
func takeError(code C.varve_code, failed *C.varve_error) error {
	if code == C.VARVE_OK {
		return nil
	}
	defer C.varve_error_free(failed)
	return &Error{
		Code:        Code(code),
		Message:     C.GoString(C.varve_error_message(failed)),
		Object:      C.GoString(C.varve_error_object(failed)),
		CommitToken: C.GoString(C.varve_error_commit_token(failed)),
	}
}
