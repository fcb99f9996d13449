// SPDX-License-Identifier: Apache-2.0
#include "capi/arrow_streams.h"

#include <utility>

#include "arrow/c/bridge.h"
#include "arrow/record_batch.h"
#include "base/exception_guard.h"

namespace varve::capi {
namespace {

class GuardedReader : public arrow::RecordBatchReader {
 public:
  GuardedReader(std::shared_ptr<arrow::RecordBatchReader> reader, StopFlag stop)
      : reader_(std::move(reader)), stop_(std::move(stop)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    return internal::GuardExceptions(
        [&] { return Stoppable(stop_, [&] { return reader_->ReadNext(out); }); });
  }
  Status Close() override {
    return internal::GuardExceptions([&] { return reader_->Close(); });
  }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> reader_;
  const StopFlag stop_;
};

}  // namespace

Status ExportStream(std::shared_ptr<arrow::RecordBatchReader> reader, StopFlag stop,
                    ArrowArrayStream* out) {
  return arrow::ExportRecordBatchReader(
      std::make_shared<GuardedReader>(std::move(reader), std::move(stop)), out);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ImportStream(ArrowArrayStream* stream) {
  const ReleaseOnExit release(stream);
  if (stream == nullptr) return MakeError(ErrorKind::kInvalid, "the stream of rows is NULL");
  return arrow::ImportRecordBatchReader(stream);
}

}  // namespace varve::capi
