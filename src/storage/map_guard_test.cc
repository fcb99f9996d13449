// SPDX-License-Identifier: Apache-2.0
#include "storage/map_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <numeric>

namespace varve::internal {
namespace {

constexpr size_t kPages = 4;
constexpr int kWentOn = 42;

// A mapped temporary file of kPages pages, each byte 1.
class MappedFile {
 public:
  MappedFile() : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))), file_(std::tmpfile()) {
    const std::string ones(kPages * page_, '\1');
    EXPECT_EQ(std::fwrite(ones.data(), 1, ones.size(), file_), ones.size());
    EXPECT_EQ(std::fflush(file_), 0);
    void* address = mmap(nullptr, ones.size(), PROT_READ, MAP_SHARED, fileno(file_), 0);
    EXPECT_NE(address, MAP_FAILED);
    bytes_ = {static_cast<const uint8_t*>(address), ones.size()};
  }
  ~MappedFile() {
    munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
    std::fclose(file_);
  }
  void TruncateToOnePage() { EXPECT_EQ(ftruncate(fileno(file_), static_cast<off_t>(page_)), 0); }
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  const size_t page_;
  std::FILE* file_;
  std::span<const uint8_t> bytes_;
};

TEST(MapGuardTest, TurnsAFaultIntoAnErrorAgainAndAgain) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer's own handling of signals and jumps gets in the way";
#endif
  ASSERT_TRUE(InstallMapGuard().ok());
  ASSERT_TRUE(InstallMapGuard().ok());
  MappedFile file;
  volatile uint64_t sum = 0;
  const auto add = [&] {
    sum = std::accumulate(file.bytes().begin(), file.bytes().end(), uint64_t{0});
  };
  ASSERT_TRUE(ReadMapped(file.bytes(), "a.parquet", add).ok());
  EXPECT_EQ(sum, file.bytes().size());
  file.TruncateToOnePage();
  for (int i = 0; i < 3; ++i) {
    const Status status = ReadMapped(file.bytes(), "a.parquet", add);
    EXPECT_TRUE(IsCorruption(status));
    EXPECT_THAT(status.message(), ::testing::HasSubstr("a.parquet"));
    EXPECT_EQ(CurrentMapAccess(), nullptr);
  }
}

void TouchAFileThatIsNotOurs() {
  if (!InstallMapGuard().ok()) std::_Exit(1);
  MappedFile ours;
  MappedFile theirs;
  theirs.TruncateToOnePage();
  volatile uint8_t last = 0;
  const Status status = ReadMapped(ours.bytes(), "ours", [&] { last = theirs.bytes().back(); });
  ADD_FAILURE() << status;
  std::_Exit(kWentOn);
}

TEST(MapGuardDeathTest, LeavesFaultsOfOthersAlone) {
  // A sanitizer's own handler ends the process another way; what counts is that nobody went on.
  const auto did_not_go_on = [](int status) {
    return WIFSIGNALED(status) ? WTERMSIG(status) == SIGBUS
                               : WEXITSTATUS(status) != kWentOn && WEXITSTATUS(status) != 0;
  };
  EXPECT_EXIT(TouchAFileThatIsNotOurs(), did_not_go_on, "");
}

}  // namespace
}  // namespace varve::internal
