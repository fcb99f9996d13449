// SPDX-License-Identifier: Apache-2.0
#include "capi/arrow_streams.h"

#include <cerrno>
#include <string>
#include <utility>

#include "arrow/c/bridge.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/exception_guard.h"
#include "capi/arrow_imports.h"

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

// A stream of C that gives on what another gives, once it was looked at. The memory of one is its
// private_data.
class CheckedStream {
 public:
  // Takes `given` over.
  static void Make(ArrowArrayStream* given, ArrowArrayStream* out) {
    auto made = std::make_unique<CheckedStream>();
    made->given_ = *given;
    given->release = nullptr;
    *out = {.get_schema =
                [](ArrowArrayStream* self, ArrowSchema* schema) {
                  return Of(self)->Answer([&] { return Of(self)->GetSchema(schema); });
                },
            .get_next =
                [](ArrowArrayStream* self, ArrowArray* array) {
                  return Of(self)->Answer([&] { return Of(self)->GetNext(array); });
                },
            .get_last_error = [](ArrowArrayStream* self) { return Of(self)->LastError(); },
            .release =
                [](ArrowArrayStream* self) {
                  delete Of(self);
                  self->release = nullptr;
                },
            .private_data = made.release()};
  }

  ~CheckedStream() { given_.release(&given_); }

 private:
  static CheckedStream* Of(const ArrowArrayStream* stream) {
    return static_cast<CheckedStream*>(stream->private_data);
  }

  // What `call` returns is what the stream given answers: an errno value, or 0.
  template <typename Call>
  int Answer(Call&& call) {
    const Result<int> answer = internal::GuardExceptions(call);
    is_malformed_ = !answer.ok();
    if (answer.ok()) return *answer;
    malformed_ = answer.status().message();
    return EINVAL;
  }

  const char* LastError() {
    return is_malformed_ ? malformed_.c_str() : given_.get_last_error(&given_);
  }

  Result<int> GetSchema(ArrowSchema* out) {
    ArrowSchema schema{};
    if (const int error = given_.get_schema(&given_, &schema); error != 0) return error;
    ARROW_ASSIGN_OR_RAISE(const auto imported, ImportSchema(&schema));
    rows_ = arrow::struct_(imported->fields());
    ARROW_RETURN_NOT_OK(arrow::ExportSchema(*imported, out));
    return 0;
  }

  Result<int> GetNext(ArrowArray* out) {
    ArrowArray array{};
    if (const int error = given_.get_next(&given_, &array); error != 0) return error;
    const ReleaseOnExit release(&array);
    // At the end, it is released already.
    if (array.release != nullptr) ARROW_RETURN_NOT_OK(CheckArray(array, *rows_));
    *out = std::exchange(array, {});
    return 0;
  }

  ArrowArrayStream given_{};
  std::shared_ptr<arrow::DataType> rows_;  // as a struct; known once the schema was asked for
  bool is_malformed_ = false;              // what was asked for last
  std::string malformed_;
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
  if (stream->release == nullptr) {
    return MakeError(ErrorKind::kInvalid, "the stream of rows was released already");
  }
  if (stream->get_schema == nullptr || stream->get_next == nullptr ||
      stream->get_last_error == nullptr) {
    return MakeError(ErrorKind::kInvalid, "the stream of rows lacks a function");
  }
  ArrowArrayStream checked;
  CheckedStream::Make(stream, &checked);
  return arrow::ImportRecordBatchReader(&checked);
}

}  // namespace varve::capi
