// SPDX-License-Identifier: Apache-2.0
#include "cli/input/standard_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "arrow/buffer.h"
#include "arrow/io/interfaces.h"
#include "cli/interruption.h"

namespace varve::cli {
namespace {

// Reads may run on a thread that no signal wakes.
constexpr int kBetweenLooksMs = 100;

class StandardInput : public arrow::io::InputStream {
 public:
  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }

  // Arrow's contract: short only at the end.
  Result<int64_t> Read(int64_t length, void* out) override {
    auto* bytes = static_cast<uint8_t*>(out);
    int64_t done = 0;
    while (done < length) {
      ARROW_RETURN_NOT_OK(CheckInterrupted());
      pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      const int ready = poll(&input, 1, kBetweenLooksMs);
      if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
      const ssize_t count =
          ready < 0 ? -1 : read(STDIN_FILENO, bytes + done, static_cast<size_t>(length - done));
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) {
        return MakeError(ErrorKind::kIo,
                         std::string("could not read standard input: ") + std::strerror(errno));
      }
      if (count == 0) break;
      done += count;
    }
    position_ += done;
    return done;
  }

  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t length) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(length));
    ARROW_ASSIGN_OR_RAISE(const int64_t count, Read(length, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(count));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<arrow::io::InputStream> OpenStandardInput() {
  return std::make_shared<StandardInput>();
}

}  // namespace varve::cli
