// SPDX-License-Identifier: Apache-2.0
#include "cli/output/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace varve::cli {
namespace {

constexpr int kNarrowest = 40;
constexpr int kUsualWidth = 80;

bool IsSet(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] != '\0';
}

int TerminalWidth() {
  if (const char* columns = std::getenv("COLUMNS"); columns != nullptr) {
    if (const int value = std::atoi(columns); value > 0) return std::max(value, kNarrowest);
  }
  struct winsize size {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return std::max<int>(size.ws_col, kNarrowest);
  }
  return kUsualWidth;
}

}  // namespace

Console::Console() {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  const bool data_on_terminal = isatty(STDOUT_FILENO) == 1;
  words_on_terminal_ = isatty(STDERR_FILENO) == 1 && !dumb;
  colours_ = !IsSet("NO_COLOR") && ((data_on_terminal && !dumb) || IsSet("CLICOLOR_FORCE"));
  if (data_on_terminal) width_ = TerminalWidth();
}

void Console::Data(std::string_view text) {
  ClearProgress();
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Console::Say(std::string_view text) {
  if (quiet) return;
  ClearProgress();
  std::fflush(stdout);
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

void Console::Progress(std::string_view text) {
  if (!shows_progress()) return;
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(text.size()), text.data());
  std::fflush(stderr);
  progress_shown_ = true;
}

void Console::ClearProgress() {
  if (!progress_shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  progress_shown_ = false;
}

Status Console::Flush() {
  ClearProgress();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return MakeError(ErrorKind::kIo,
                     std::string("could not write standard output: ") + std::strerror(errno));
  }
  return Status::OK();
}

std::string Console::Mark(const char* code, std::string_view text) const {
  if (!colours_) return std::string(text);
  return std::string("\033[").append(code).append("m").append(text).append("\033[0m");
}

}  // namespace varve::cli
