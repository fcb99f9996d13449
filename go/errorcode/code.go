// SPDX-License-Identifier: Apache-2.0

// Package errorcode names what can go wrong in Varve, for errors.Is(err, errorcode.NotFound).
package errorcode

// Code is the kind of a failure. The values are those of varve_code in varve/c/varve.h.
type Code int32

const (
	Invalid           Code = 1  // the caller's input is wrong
	NotFound          Code = 2  // a table, version, object, column or row does not exist
	AlreadyExists     Code = 3  // create met something that is there
	Corruption        Code = 4  // bytes read are not the bytes written
	CommitConflict    Code = 5  // another commit overlaps this one; nothing of ours is visible
	CommitUnknown     Code = 6  // the commit may or may not have happened; see varve.Table.Resolve
	Unsupported       Code = 7  // a valid file or request that this version does not handle
	ResourceExhausted Code = 8  // memory, disk or a configured limit
	IO                Code = 9  // the operating system or the store reported an error
	Cancelled         Code = 10 // the caller asked to stop
	Internal          Code = 11 // a defect of Varve
	Denied            Code = 12 // the operating system or the store denies access
)

var names = map[Code]string{
	Invalid:           "invalid",
	NotFound:          "not_found",
	AlreadyExists:     "already_exists",
	Corruption:        "corruption",
	CommitConflict:    "commit_conflict",
	CommitUnknown:     "commit_unknown",
	Unsupported:       "unsupported",
	ResourceExhausted: "resource_exhausted",
	IO:                "io",
	Cancelled:         "cancelled",
	Internal:          "internal",
	Denied:            "denied",
}

// Error is the stable name of the code: "not_found"; "unknown" for one that is none.
func (c Code) Error() string {
	if name, ok := names[c]; ok {
		return name
	}
	return "unknown"
}
