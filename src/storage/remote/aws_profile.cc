// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/aws_profile.h"

#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

namespace varve::internal {
namespace {

using Section = std::map<std::string, std::string>;

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin));
}

std::map<std::string, Section> SectionsOf(std::string_view text) {
  std::map<std::string, Section> sections;
  Section* current = nullptr;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::string trimmed = Trimmed(line);
    if (trimmed.empty() || trimmed[0] == '#' || trimmed[0] == ';') continue;
    if (trimmed[0] == '[') {
      current = &sections[Trimmed(std::string_view(trimmed).substr(1, trimmed.find(']') - 1))];
      continue;
    }
    const size_t equals = trimmed.find('=');
    // What is further in belongs to the key before.
    if (current == nullptr || equals == trimmed.npos || line[0] == ' ' || line[0] == '\t') continue;
    (*current)[Trimmed(std::string_view(trimmed).substr(0, equals))] =
        Trimmed(std::string_view(trimmed).substr(equals + 1));
  }
  return sections;
}

}  // namespace

AwsProfile ParseAwsProfile(std::string_view text, const std::string& name) {
  std::map<std::string, Section> sections = SectionsOf(text);
  const bool is_short = name == "default" && sections.contains("default");
  Section& profile = sections[is_short ? name : "profile " + name];
  AwsProfile found;
  found.region = profile["region"];
  found.assumes_role = profile.contains("role_arn");
  found.sso_region = profile.contains("sso_session")
                         ? sections["sso-session " + profile["sso_session"]]["sso_region"]
                         : profile["sso_region"];
  return found;
}

AwsProfile LoadAwsProfile(
    std::string name,
    const std::function<std::optional<std::string>(const std::string&)>& environment) {
  if (name.empty()) name = environment("AWS_PROFILE").value_or("default");
  std::string path = environment("AWS_CONFIG_FILE").value_or("~/.aws/config");
  if (path.starts_with("~/")) {
    const auto home = environment("HOME");
    if (!home) return {};
    path = *home + path.substr(1);
  }
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return in.bad() ? AwsProfile() : ParseAwsProfile(text, name);
}

}  // namespace varve::internal
