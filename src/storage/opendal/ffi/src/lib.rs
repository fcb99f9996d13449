// SPDX-License-Identifier: Apache-2.0
//! Apache OpenDAL behind a small C interface; `../opendal_ffi.h` is its other side and its contract.
//!
//! Every operation returns at once with a handle and calls back exactly once, on a thread of the
//! runtime, when nothing of it runs any more. No panic and no text that may hold a secret crosses.

mod azure;
mod call;
mod open;
mod multipart;
mod operations;
mod s3;
mod transport;
mod writer;
