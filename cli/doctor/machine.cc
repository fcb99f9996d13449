// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor/machine.h"

#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "arrow/config.h"
#include "arrow/util/config.h"
#include "cli/output/amounts.h"

namespace varve::cli {
namespace {

constexpr int64_t kLowSpaceBytes = int64_t{1} << 30;
constexpr int64_t kFirstSaneTime = 1735689600000000;  // 2025-01-01

std::string FileSystemName(int64_t magic) {
  switch (magic) {
    case 0xEF53:
      return "ext4";
    case 0x58465342:
      return "xfs";
    case 0x9123683E:
      return "btrfs";
    case 0x01021994:
      return "tmpfs";
    case 0x794C7630:
      return "overlayfs";
    case 0x6969:
      return "nfs";
    case 0x2FC12FC1:
      return "zfs";
    case 0x65735546:
      return "fuse";
    case 0xFF534D42:
    case 0xFE534D42:
      return "cifs";
    case 0x01021997:
      return "9p";
    case 0x73717368:
      return "squashfs";
    default:
      return "type " + std::to_string(magic);
  }
}

bool IsNetworkFileSystem(const std::string& name) {
  return name == "nfs" || name == "cifs" || name == "fuse" || name == "9p";
}

std::string CpuFeatures() {
  std::string text;
#if defined(__x86_64__)
  const auto add = [&](bool has, const char* name) {
    if (has) text += (text.empty() ? "" : ", ") + std::string(name);
  };
  add(__builtin_cpu_supports("sse4.2"), "sse4.2 (CRC32C)");
  add(__builtin_cpu_supports("pclmul"), "pclmul (CRC32)");
  add(__builtin_cpu_supports("avx2"), "avx2");
  add(__builtin_cpu_supports("avx512f"), "avx512f");
#elif defined(__ARM_FEATURE_CRC32)
  text = "crc32";
#endif
  return text;
}

}  // namespace

void CheckMachine(CheckList* checks) {
  checks->Add("varve", Check::kGood, VARVE_VERSION ", compiler " __VERSION__);
  const std::string arrow = arrow::GetBuildInfo().version_string;
  const bool same = arrow == ARROW_VERSION_STRING;
  checks->Add("arrow", same ? Check::kGood : Check::kWarning,
              same ? arrow + ", SIMD " + arrow::GetRuntimeInfo().simd_level
                   : "runs " + arrow + ", was built with " ARROW_VERSION_STRING);
  struct utsname system {};
  uname(&system);
  struct sysinfo memory {};
  sysinfo(&memory);
  checks->Add("machine", Check::kGood,
              std::string(system.sysname) + " " + system.release + " " + system.machine + ", " +
                  std::to_string(std::thread::hardware_concurrency()) + " CPUs, " +
                  FormatBytes(static_cast<int64_t>(memory.totalram) * memory.mem_unit) + " memory");
  const std::string features = CpuFeatures();
  checks->Add("cpu features", features.empty() ? Check::kWarning : Check::kGood,
              features.empty() ? "none that speed checksums up" : features);
  const int64_t now = NowMicros();
  checks->Add("clock", now > kFirstSaneTime ? Check::kGood : Check::kBad, FormatTime(now));
}

std::string ExistingFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::absolute(path, error);
  while (!std::filesystem::is_directory(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  return folder.string();
}

void CheckLocalDisk(const std::string& path, CheckList* checks) {
  const std::string folder = ExistingFolder(path);
  struct statfs system {};
  if (statfs(folder.c_str(), &system) != 0) {
    checks->Add("file system", Check::kBad, folder + ": " + std::strerror(errno));
    return;
  }
  const std::string name = FileSystemName(static_cast<int64_t>(system.f_type));
  checks->Add(
      "file system", IsNetworkFileSystem(name) ? Check::kWarning : Check::kGood,
      name + (IsNetworkFileSystem(name) ? ": atomic creation and mapped files depend on the server"
                                        : ""));
  const int64_t free_bytes = static_cast<int64_t>(system.f_bavail) * system.f_bsize;
  checks->Add("free space", free_bytes < kLowSpaceBytes ? Check::kWarning : Check::kGood,
              FormatBytes(free_bytes));
  const int file = open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  checks->Add("unnamed files", file >= 0 ? Check::kGood : Check::kWarning,
              file >= 0 ? "O_TMPFILE works: an interrupted write leaves no file"
                        : std::string("no O_TMPFILE (") + std::strerror(errno) +
                              "): an interrupted write may leave a temporary file");
  if (file >= 0) close(file);
}

int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace varve::cli
