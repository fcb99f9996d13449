// SPDX-License-Identifier: Apache-2.0
// Source: Prometheus, "Exposition formats", text-based format
#include "varve/storage_metrics.h"

#include <charconv>
#include <map>
#include <string>
#include <vector>

namespace varve {
namespace {

int64_t Sum(const std::vector<OperationMetrics>& operations, int64_t OperationMetrics::*member) {
  int64_t sum = 0;
  for (const OperationMetrics& each : operations) sum += each.*member;
  return sum;
}

// The shortest text for the number, whatever the locale.
std::string Seconds(double seconds) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), seconds);
  return error == std::errc() ? std::string(text, end) : "NaN";
}

using Stores = std::map<std::string, StorageMetrics>;

// store="s3://bucket"; "" of a store without a name.
std::string StoreLabel(const std::string& store) {
  if (store.empty()) return "";
  std::string label = "store=\"";
  for (const char c : store) {
    if (c == '\n') {
      label += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') label += '\\';
    label += c;
  }
  return label + "\"";
}

// store="…",operation="read",outcome="ok": the latter are words of ours, which need no escapes.
std::string Labels(const std::string& store, const OperationMetrics& metrics) {
  const std::string label = StoreLabel(store);
  return label + (label.empty() ? "" : ",") + "operation=\"" + metrics.operation + "\",outcome=\"" +
         metrics.outcome + "\"";
}

void AddFamily(const std::string& name, const char* help, const char* type, std::string* out) {
  *out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

void AddSample(const std::string& name, const std::string& labels, const std::string& value,
               std::string* out) {
  *out += name + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
}

void AddCounter(const Stores& stores, const std::string& name, const char* help,
                int64_t OperationMetrics::*member, std::string* out) {
  AddFamily(name, help, "counter", out);
  for (const auto& [store, metrics] : stores) {
    for (const OperationMetrics& each : metrics.operations) {
      AddSample(name, Labels(store, each), std::to_string(each.*member), out);
    }
  }
}

void AddHistogram(const std::string& store, const OperationMetrics& metrics,
                  const std::string& name, std::string* out) {
  const std::string labels = Labels(store, metrics);
  int64_t so_far = 0;
  for (size_t i = 0; i < metrics.latency.counts.size(); ++i) {
    so_far += metrics.latency.counts[i];
    const auto& bounds = LatencyHistogram::kBoundsMillis;
    const std::string bound =
        i < bounds.size() ? Seconds(static_cast<double>(bounds[i]) / 1e3) : "+Inf";
    AddSample(name + "_bucket", labels + ",le=\"" + bound + "\"", std::to_string(so_far), out);
  }
  AddSample(name + "_sum", labels, Seconds(static_cast<double>(metrics.latency.sum_nanos) / 1e9),
            out);
  AddSample(name + "_count", labels, std::to_string(so_far), out);
}

}  // namespace

int64_t StorageMetrics::calls() const { return Sum(operations, &OperationMetrics::calls); }
int64_t StorageMetrics::requests() const { return Sum(operations, &OperationMetrics::requests); }
int64_t StorageMetrics::bytes() const { return Sum(operations, &OperationMetrics::bytes); }

int64_t StorageMetrics::errors() const {
  int64_t errors = 0;
  for (const OperationMetrics& each : operations) {
    const bool expected =
        each.outcome == "ok" || each.outcome == "not_found" || each.outcome == "exists";
    if (!expected) errors += each.calls;
  }
  return errors;
}

std::string StorageMetrics::ToPrometheus(const std::string& store) const {
  return varve::ToPrometheus({{store, *this}});
}

std::string ToPrometheus(const std::map<std::string, StorageMetrics>& stores) {
  std::string out;
  AddCounter(stores, "varve_storage_calls_total", "Calls that have ended.",
             &OperationMetrics::calls, &out);
  AddCounter(stores, "varve_storage_requests_total", "Requests sent, tries that failed included.",
             &OperationMetrics::requests, &out);
  AddCounter(stores, "varve_storage_bytes_total", "Bytes read or written.",
             &OperationMetrics::bytes, &out);
  const std::string latency = "varve_storage_call_duration_seconds";
  AddFamily(latency, "Time from the start of a call to its end.", "histogram", &out);
  for (const auto& [store, metrics] : stores) {
    for (const OperationMetrics& each : metrics.operations) {
      AddHistogram(store, each, latency, &out);
    }
  }
  AddFamily("varve_storage_calls_in_flight", "Calls that have not ended.", "gauge", &out);
  for (const auto& [store, metrics] : stores) {
    AddSample("varve_storage_calls_in_flight", StoreLabel(store),
              std::to_string(metrics.calls_in_flight), &out);
  }
  const std::string avoided = "varve_storage_endpoint_avoided";
  AddFamily(avoided, "1 while the endpoint is not asked, since it did not answer.", "gauge", &out);
  for (const auto& [store, metrics] : stores) {
    AddSample(avoided, StoreLabel(store), metrics.endpoint_is_avoided ? "1" : "0", &out);
  }
  return out;
}

}  // namespace varve
