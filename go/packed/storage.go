// SPDX-License-Identifier: Apache-2.0

package packed

// #include <stdlib.h>
// #include "varve/c/milvus_packed.h"
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/cdata"

	"varve.dev/go/errorcode"
)

// StorageConfig is a store as Milvus describes it.
type StorageConfig struct {
	Address           string // without a scheme: http:// unless UseSSL
	BucketName        string
	AccessKeyID       string
	SecretAccessKey   string
	RootPath          string // local: what paths are below; else paths have it in them
	StorageType       string // local, minio, remote, opendal
	CloudProvider     string // of what is not local: aws, gcp, gcpnative, azure, aliyun, …
	Region            string
	UseSSL            bool
	SSLCACert         string // path of a file
	UseIAM            bool   // keys are not used then
	UseVirtualHost    bool
	RequestTimeoutMs  int64  // 0: the default
	GcpCredentialJSON string // the text itself
	MaxConnections    uint32 // 0: the default
}

// Error is a call that failed; errors.Is(err, errorcode.NotFound) asks for its code.
type Error struct {
	Code    errorcode.Code
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("packed: %s (%s)", e.Message, e.Code.Error()) }

// Unwrap gives the code, for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Code }

// takeStatus is what a call came to; the text of a failure is freed, that of a success is static.
func takeStatus(status C.CStatus) error {
	if status.error_code == 0 {
		return nil
	}
	defer C.free(unsafe.Pointer(status.error_msg))
	return &Error{Code: errorcode.Code(status.error_code), Message: C.GoString(status.error_msg)}
}

// exportSchema lends a schema out; the call that takes it releases it. Errors: Invalid for nil
func exportSchema(schema *arrow.Schema, out *cdata.CArrowSchema) error {
	if schema == nil {
		return &Error{errorcode.Invalid, "the schema is nil"}
	}
	cdata.ExportArrowSchema(schema, out)
	return nil
}

// InitArrowFileSystem sets the store of readers and writers that are given none.
func InitArrowFileSystem(config StorageConfig) error {
	var memory arena
	defer memory.free()
	store := memory.storageConfig(&config)
	if memory.err != nil {
		return memory.err
	}
	return takeStatus(C.InitArrowFileSystem(store))
}

// CleanArrowFileSystem undoes it; what is open keeps its store.
func CleanArrowFileSystem() { C.CleanArrowFileSystem() }

// arena is memory of C that lives as long as a call.
type arena struct {
	allocated []unsafe.Pointer
	err       error // of a text that C cannot have: the call is not to be made
}

func (a *arena) free() {
	for _, memory := range a.allocated {
		C.free(memory)
	}
}

func (a *arena) allocate(count int, size uintptr) unsafe.Pointer {
	memory := C.calloc(C.size_t(max(count, 1)), C.size_t(size))
	a.allocated = append(a.allocated, memory)
	return memory
}

func (a *arena) text(text string) *C.char {
	if strings.ContainsRune(text, 0) { // which is not told, as it may be a secret
		a.err = &Error{errorcode.Invalid, "a path or a setting has a zero byte in it, where C would end it"}
	}
	copied := C.CString(text)
	a.allocated = append(a.allocated, unsafe.Pointer(copied))
	return copied
}

func (a *arena) texts(texts []string) **C.char {
	first := (**C.char)(a.allocate(len(texts), unsafe.Sizeof((*C.char)(nil))))
	for i, text := range texts {
		unsafe.Slice(first, len(texts))[i] = a.text(text)
	}
	return first
}

// Of no configuration all members are zero; C is not given them then.
func (a *arena) storageConfig(config *StorageConfig) C.CStorageConfig {
	if config == nil {
		return C.CStorageConfig{}
	}
	return C.CStorageConfig{
		address:                a.text(config.Address),
		bucket_name:            a.text(config.BucketName),
		access_key_id:          a.text(config.AccessKeyID),
		access_key_value:       a.text(config.SecretAccessKey),
		root_path:              a.text(config.RootPath),
		storage_type:           a.text(config.StorageType),
		cloud_provider:         a.text(config.CloudProvider),
		iam_endpoint:           a.text(""),
		log_level:              a.text(""),
		region:                 a.text(config.Region),
		useSSL:                 C.bool(config.UseSSL),
		sslCACert:              a.text(config.SSLCACert),
		useIAM:                 C.bool(config.UseIAM),
		useVirtualHost:         C.bool(config.UseVirtualHost),
		requestTimeoutMs:       C.int64_t(config.RequestTimeoutMs),
		gcp_credential_json:    a.text(config.GcpCredentialJSON),
		use_custom_part_upload: true,
		max_connections:        C.uint32_t(config.MaxConnections),
		tls_min_version:        nil,
		use_crc32c_checksum:    false,
	}
}
