// SPDX-License-Identifier: Apache-2.0
#include "cli/output/display_text.h"

#include <wchar.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace varve::cli {
namespace {

constexpr std::string_view kEllipsis = "…";

struct CodePoint {
  uint32_t value;
  int bytes;
};

// The first code point of `text`; bytes 0 for what is no UTF-8.
CodePoint DecodeFirst(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const int length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < static_cast<size_t>(length)) return {lead, 0};
  uint32_t value = lead & (0x7F >> length);
  for (int i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {lead, 0};
    value = (value << 6) | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {lead, 0};
  return {value, length};
}

// Joiners and overrides reorder or hide what stands around them.
bool IsInvisible(uint32_t c) {
  return (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

int WidthOf(uint32_t c) {
  const int width = wcwidth(static_cast<wchar_t>(c));
  return width < 0 ? 1 : width;  // unassigned, or the C locale
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = DecodeFirst(text);
    std::array<char, 16> escape;
    if (c.bytes == 0) {
      std::snprintf(escape.data(), escape.size(), "\\x%02x", c.value);
      out += escape.data();
      text.remove_prefix(1);
      continue;
    }
    if (c.value == '\n' || c.value == '\t' || c.value == '\r') {
      out += ' ';
    } else if (c.value < 0x20) {
      std::snprintf(escape.data(), escape.size(), "\\x%02x", c.value);
      out += escape.data();
    } else if (!IsInvisible(c.value)) {
      out.append(text.substr(0, c.bytes));
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const CodePoint c = DecodeFirst(text);
    width += c.bytes == 0 ? 1 : WidthOf(c.value);
    text.remove_prefix(std::max(c.bytes, 1));
  }
  return width;
}

std::string CutToWidth(std::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width <= 0) return "";
  int used = 0;
  size_t end = 0;
  while (end < text.size()) {
    const CodePoint c = DecodeFirst(text.substr(end));
    const int columns = c.bytes == 0 ? 1 : WidthOf(c.value);
    if (used + columns > width - 1) break;
    used += columns;
    end += std::max(c.bytes, 1);
  }
  return std::string(text.substr(0, end)).append(kEllipsis);
}

std::string PadToWidth(std::string_view text, int width, bool right_aligned) {
  const std::string padding(std::max(0, width - DisplayWidth(text)), ' ');
  return right_aligned ? padding + std::string(text) : std::string(text) + padding;
}

}  // namespace varve::cli
