// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "arrow/type.h"
#include "cli/command.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/parquet_summary.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

constexpr size_t kRowGroupsShown = 2;
constexpr size_t kSegmentsShown = 8;

std::string Join(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

// A node with its children, drawn once all are known.
struct Node {
  std::string text;
  std::vector<Node> children;
};

void Draw(Console* console, const Node& node, const std::string& indent) {
  for (size_t i = 0; i < node.children.size(); ++i) {
    const bool last = i + 1 == node.children.size();
    const std::string line = indent + (last ? "└─ " : "├─ ") + node.children[i].text;
    console->DataLine(line);
    Draw(console, node.children[i], indent + (last ? "   " : "│  "));
  }
}

class TreeCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    source_.Configure(app, /*with_file=*/true);
    app->add_option(
           "--depth", depth_,
           "How far down: 1 segments, 2 files, 3 row groups, 4 column chunks (default); in a "
           "single file: 1 row groups, 2 column chunks")
        ->check(CLI::Range(1, 4));
    app->add_flag("--all", all_, "Every row group and segment; default: the first few");
  }

  Status Run(Console* console) override {
    console_ = console;
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    // A file has no levels above its row groups.
    if (!source->is_table()) depth_ = std::min(depth_ + 2, 4);
    Node root;
    nlohmann::ordered_json document;
    document["location"] = source->location();
    if (source->is_table()) {
      document["version"] = source->snapshot()->version();
      root.text = console->Bold(Printable(source->table()->uri()));
    } else {
      root.text = console->Bold(Printable(source->location()));
    }
    document["rows"] = source->num_rows();
    document["segments"] = nlohmann::ordered_json::array();
    const auto segments = source->segments();
    Node version{
        "version " +
            (source->is_table() ? std::to_string(source->snapshot()->version()) : std::string()) +
            Note(Plural(source->num_rows(), "row")),
        {}};
    for (size_t i = 0; i < segments.size(); ++i) {
      const bool shown = all_ || segments.size() <= kSegmentsShown || i < kSegmentsShown - 1;
      if (!console->json && !shown) {
        version.children.push_back(
            {"… " + Plural(static_cast<int64_t>(segments.size() - i), "more segment") +
                 " (--all shows them)",
             {}});
        break;
      }
      ARROW_RETURN_NOT_OK(AddSegment(*source, segments[i], &version, &document["segments"]));
    }
    if (console->json) {
      PrintJson(console, document);
      return Status::OK();
    }
    if (source->is_table()) {
      root.children.push_back(std::move(version));
    } else {
      root.children = std::move(version.children[0].children);
    }
    console->DataLine(root.text);
    Draw(console, root, "");
    return Status::OK();
  }

 private:
  std::string Note(const std::string& text) const { return "  " + console_->Dim(text); }

  Status AddSegment(const Source& source, const SegmentInfo& segment, Node* parent,
                    nlohmann::ordered_json* list) {
    nlohmann::ordered_json entry;
    entry["segment_id"] = segment.segment_id;
    entry["rows"] = segment.num_rows;
    entry["first_row_id"] = segment.first_row_id;
    entry["sequence"] = segment.sequence;
    entry["column_groups"] = nlohmann::ordered_json::array();
    Node node{"segment " + std::to_string(segment.segment_id) +
                  Note(Plural(segment.num_rows, "row") + " of version " +
                       std::to_string(segment.sequence)),
              {}};
    if (depth_ >= 2 || console_->json || !source.is_table()) {
      for (size_t group = 0; group < segment.files.size(); ++group) {
        ARROW_RETURN_NOT_OK(AddFile(source, segment.files[group], static_cast<int>(group), &node,
                                    &entry["column_groups"]));
      }
    }
    list->push_back(std::move(entry));
    parent->children.push_back(std::move(node));
    return Status::OK();
  }

  Status AddFile(const Source& source, const FileInfo& file, int group, Node* parent,
                 nlohmann::ordered_json* list) {
    nlohmann::ordered_json entry;
    entry["file"] = file.path;
    entry["bytes"] = file.file_bytes;
    entry["columns"] = file.columns;
    Node file_node{Printable(file.path) + Note(FormatBytes(file.file_bytes)), {}};
    if (depth_ >= 3 || console_->json) {
      ARROW_ASSIGN_OR_RAISE(const auto summary, SummarizeParquet(source.store(), file.path));
      entry["created_by"] = summary.created_by;
      entry["footer_bytes"] = summary.footer_bytes;
      entry["row_groups"] = nlohmann::ordered_json::array();
      for (const RowGroupSummary& row_group : summary.row_groups) {
        AddRowGroup(row_group, summary.row_groups.size(), &file_node, &entry["row_groups"]);
      }
    }
    list->push_back(std::move(entry));
    if (source.is_table()) {
      Node group_node{
          "column group " + std::to_string(group) + Note(Printable(Join(file.columns, ", "))), {}};
      group_node.children.push_back(std::move(file_node));
      parent->children.push_back(std::move(group_node));
    } else {
      parent->children = std::move(file_node.children);
    }
    return Status::OK();
  }

  void AddRowGroup(const RowGroupSummary& row_group, size_t num_row_groups, Node* parent,
                   nlohmann::ordered_json* list) {
    const size_t number = list->size();
    nlohmann::ordered_json entry;
    entry["rows"] = row_group.num_rows;
    entry["bytes"] = row_group.compressed_bytes;
    entry["columns"] = nlohmann::ordered_json::array();
    Node node{"row group " + std::to_string(number) +
                  Note(Plural(row_group.num_rows, "row") + ", " +
                       FormatBytes(row_group.compressed_bytes)),
              {}};
    int widest = 0, widest_type = 0;
    for (const ColumnChunkSummary& chunk : row_group.columns) {
      widest = std::max(widest, DisplayWidth(Printable(chunk.column)));
      widest_type = std::max(widest_type, DisplayWidth(chunk.physical_type));
    }
    for (const ColumnChunkSummary& chunk : row_group.columns) {
      nlohmann::ordered_json column;
      column["column"] = chunk.column;
      column["type"] = chunk.physical_type;
      column["encodings"] = chunk.encodings;
      column["compression"] = chunk.compression;
      column["offset"] = chunk.offset;
      column["bytes"] = chunk.compressed_bytes;
      column["uncompressed_bytes"] = chunk.uncompressed_bytes;
      column["values"] = chunk.num_values;
      entry["columns"].push_back(std::move(column));
      if (depth_ < 4) continue;
      std::string encoding = Join(chunk.encodings, "+");
      if (chunk.compression != "none") encoding += " " + chunk.compression;
      node.children.push_back({PadToWidth(Printable(chunk.column), widest, false) + "  " +
                                   PadToWidth(chunk.physical_type, widest_type, false) + "  " +
                                   PadToWidth(FormatBytes(chunk.compressed_bytes), 10, true) +
                                   Note(encoding),
                               {}});
    }
    list->push_back(std::move(entry));
    if (all_ || number < kRowGroupsShown || num_row_groups <= kRowGroupsShown + 1) {
      parent->children.push_back(std::move(node));
    } else if (number == kRowGroupsShown) {
      parent->children.push_back(
          {"… " + Plural(static_cast<int64_t>(num_row_groups - number), "more row group") +
               " (--all shows them)",
           {}});
    }
  }

  SourceArguments source_;
  int depth_ = 4;
  bool all_ = false;
  Console* console_ = nullptr;
};

}  // namespace

extern const CommandEntry kTreeCommand{
    "tree",
    "Look",
    "What lies on disk: versions, segments, files, row groups, columns",
    "With --json: one document with every level, whatever --depth says.",
    "varve tree books\nvarve tree books --depth 2\nvarve tree some.parquet --all",
    MakeCommand<TreeCommand>};

}  // namespace varve::cli
