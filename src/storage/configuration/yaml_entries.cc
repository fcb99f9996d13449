// SPDX-License-Identifier: Apache-2.0
#include "storage/configuration/yaml_entries.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <set>
#include <sstream>
#include <utility>

namespace varve::internal {
namespace {

constexpr size_t kTextBytesMax = 1 << 20;
constexpr size_t kEntriesMax = 1000;
constexpr size_t kLevelsMax = 8;

std::string Place(const std::string& source, int line) {
  return source + ":" + std::to_string(line);
}

// Follows a document as it is read. After the first mistake it listens no more.
class Flattener : public YAML::EventHandler {
 public:
  explicit Flattener(const std::string& source) : source_(source) {}

  void OnDocumentStart(const YAML::Mark& mark) override { begins_ = LineOf(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Value(mark, "", true); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(LineOf(mark), "a reference to another value", "the value itself");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& text) override {
    if (maps_.empty() || !maps_.back().expects_key) return Value(mark, text, false);
    if (!status_.ok()) return;
    if (keys_.size() == kLevelsMax) return RefuseSize(LineOf(mark));
    keys_.push_back(text);
    lines_.push_back(LineOf(mark));
    if (!maps_.back().seen.insert(text).second) {
      return Refuse(LineOf(mark), "a key appears twice", "each key once");
    }
    maps_.back().expects_key = false;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Refuse(LineOf(mark), "a list where one value belongs", "a value or a section");
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    if (!maps_.empty() && maps_.back().expects_key) RefuseKey(LineOf(mark));
    if (status_.ok()) maps_.emplace_back();
  }
  void OnMapEnd() override {
    if (!status_.ok()) return;
    maps_.pop_back();
    if (!maps_.empty()) EndValue();
  }

  int begins() const { return begins_; }

  Result<std::vector<YamlEntry>> Finish() {
    ARROW_RETURN_NOT_OK(status_);
    return std::move(entries_);
  }

 private:
  struct Map {
    bool expects_key = true;
    std::set<std::string> seen;
  };

  static int LineOf(const YAML::Mark& mark) { return mark.line + 1; }

  void Value(const YAML::Mark& mark, const std::string& text, bool is_null) {
    if (!status_.ok()) return;
    if (maps_.empty()) {
      if (!is_null) Refuse(LineOf(mark), "not a configuration", "keys and values");
      return;
    }
    if (maps_.back().expects_key) return RefuseKey(LineOf(mark));
    if (entries_.size() == kEntriesMax) return RefuseSize(LineOf(mark));
    entries_.push_back({keys_, lines_, text, is_null});
    EndValue();
  }

  void EndValue() {
    keys_.pop_back();
    lines_.pop_back();
    maps_.back().expects_key = true;
  }

  void RefuseKey(int line) { Refuse(line, "a key that is not a word", "a word"); }
  void RefuseSize(int line) {
    Refuse(line, "this is too much for a configuration", "1,000 values and 8 levels");
  }
  void Refuse(int line, const char* problem, const char* expected) {
    if (!status_.ok()) return;
    std::string path;
    for (const std::string& key : keys_) path += (path.empty() ? "" : ".") + key;
    status_ = MakeError(ErrorKind::kInvalid, problem,
                        {.object = Place(source_, line), .field = path, .expected = expected});
  }

  const std::string& source_;
  Status status_;
  int begins_ = 1;
  std::vector<Map> maps_;  // that are open
  std::vector<std::string> keys_;
  std::vector<int> lines_;
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
    std::istringstream in(text);
    YAML::Parser parser(in);
    Flattener flattener(source);
    if (!parser.HandleNextDocument(flattener)) return std::vector<YamlEntry>();
    ARROW_ASSIGN_OR_RAISE(auto entries, flattener.Finish());
    // Asked once only: on some texts the library finds the same document for ever.
    Flattener second(source);
    if (parser.HandleNextDocument(second)) {
      return MakeError(ErrorKind::kInvalid, "a second document",
                       {.object = Place(source, second.begins())});
    }
    return entries;
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
