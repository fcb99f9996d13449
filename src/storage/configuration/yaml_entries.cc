// SPDX-License-Identifier: Apache-2.0
#include "storage/configuration/yaml_entries.h"

#include <yaml-cpp/yaml.h>

#include <set>
#include <utility>

namespace varve::internal {
namespace {

constexpr size_t kTextBytesMax = 1 << 20;
constexpr size_t kEntriesMax = 1000;
constexpr size_t kLevelsMax = 8;

std::string Place(const std::string& source, int line) {
  return source + ":" + std::to_string(line);
}

class Flattener {
 public:
  explicit Flattener(const std::string& source) : source_(source) {}

  Status Visit(const YAML::Node& node, int line) {
    if (++visited_ > kEntriesMax || keys_.size() > kLevelsMax) {
      return Bad(line, "this is too much for a configuration", "1,000 entries and 8 levels");
    }
    switch (node.Type()) {
      case YAML::NodeType::Map:
        return VisitMap(node);
      case YAML::NodeType::Scalar:
        if (keys_.empty()) return Bad(line, "not a configuration", "keys and values");
        entries_.push_back({keys_, lines_, node.Scalar(), false});
        return Status::OK();
      case YAML::NodeType::Sequence:
        return Bad(line, "a list where one value belongs", "a value or a section");
      default:
        if (!keys_.empty()) entries_.push_back({keys_, lines_, "", true});
        return Status::OK();
    }
  }

  std::vector<YamlEntry> Finish() { return std::move(entries_); }

 private:
  Status VisitMap(const YAML::Node& map) {
    std::set<std::string> seen;
    for (const auto& item : map) {
      const int line = item.first.Mark().line + 1;
      if (!item.first.IsScalar()) return Bad(line, "a key that is not a word", "a word");
      const std::string& key = item.first.Scalar();
      keys_.push_back(key);
      lines_.push_back(line);
      if (!seen.insert(key).second) return Bad(line, "a key appears twice", "each key once");
      ARROW_RETURN_NOT_OK(Visit(item.second, line));
      keys_.pop_back();
      lines_.pop_back();
    }
    return Status::OK();
  }

  Status Bad(int line, const char* problem, const char* expected) const {
    std::string path;
    for (const std::string& key : keys_) path += (path.empty() ? "" : ".") + key;
    return MakeError(ErrorKind::kInvalid, problem,
                     {.object = Place(source_, line), .field = path, .expected = expected});
  }

  const std::string& source_;
  std::vector<std::string> keys_;
  std::vector<int> lines_;
  size_t visited_ = 0;
  std::vector<YamlEntry> entries_;
};

}  // namespace

Result<std::vector<YamlEntry>> ReadYamlEntries(const std::string& text, const std::string& source) {
  if (text.size() > kTextBytesMax) {
    return MakeError(ErrorKind::kInvalid, "this is too much for a configuration",
                     {.object = source,
                      .expected = "at most 1 MiB",
                      .found = std::to_string(text.size()) + " bytes"});
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      return MakeError(ErrorKind::kInvalid, "a second document after ---",
                       {.object = Place(source, documents[1].Mark().line + 1)});
    }
    Flattener flattener(source);
    if (!documents.empty()) ARROW_RETURN_NOT_OK(flattener.Visit(documents[0], 1));
    return flattener.Finish();
  } catch (const YAML::Exception& error) {
    // What follows a colon may be a piece of the text.
    const std::string problem = error.msg.substr(0, error.msg.find(": "));
    return MakeError(ErrorKind::kInvalid, "not YAML (" + problem + ")",
                     {.object = Place(source, error.mark.line + 1)});
  } catch (const std::exception&) {
    return MakeError(ErrorKind::kInvalid, "not YAML", {.object = source});
  }
}

}  // namespace varve::internal
