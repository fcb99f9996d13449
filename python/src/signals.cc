// SPDX-License-Identifier: Apache-2.0
#include "signals.h"

#include <utility>

#include "arrow/record_batch.h"

namespace varve::python {
namespace {

unsigned long main_thread = 0;  // NOLINT: the type of the C API

bool IsMainThread() { return PyThread_get_thread_ident() == main_thread; }

// Of the main thread, like the signals themselves.
int num_watches = 0;
PendingError handler_error;

class InterruptibleReader : public arrow::RecordBatchReader {
 public:
  explicit InterruptibleReader(std::shared_ptr<arrow::RecordBatchReader> inner)
      : inner_(std::move(inner)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    const SignalWatch watch;
    const Status status = inner_->ReadNext(batch);
    if (!SignalWatch::raised()) return status;
    return MakeError(ErrorKind::kCancelled, "interrupted");
  }

  Status Close() override { return inner_->Close(); }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> inner_;
};

}  // namespace

void InitializeSignals() {
  nb::object thread = nb::module_::import_("threading").attr("main_thread")();
  main_thread = nb::cast<unsigned long>(thread.attr("ident"));
}

SignalWatch::SignalWatch() {
  if (!IsMainThread()) return;
  ++num_watches;
  scope_.emplace([] {
    nb::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() == 0) return false;
    const Status kept = handler_error.Keep(nb::python_error());
    static_cast<void>(kept);
    return true;
  });
}

SignalWatch::~SignalWatch() {
  if (!scope_.has_value() || --num_watches > 0 || !handler_error.is_set()) return;
  // Nobody threw it: its words went out as an error of whoever read our rows.
  nb::gil_scoped_acquire gil;
  handler_error.Drop();
}

bool SignalWatch::raised() { return IsMainThread() && handler_error.is_set(); }

void SignalWatch::ThrowIfRaised() {
  if (raised()) handler_error.ThrowIfSet();
}

std::shared_ptr<arrow::RecordBatchReader> Interruptible(
    std::shared_ptr<arrow::RecordBatchReader> reader) {
  return std::make_shared<InterruptibleReader>(std::move(reader));
}

}  // namespace varve::python
