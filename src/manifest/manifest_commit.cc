// SPDX-License-Identifier: Apache-2.0
// The commit protocol. Spec: docs/format/commit.md
#include <algorithm>
#include <utility>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/stop.h"
#include "manifest/manifest_codec.h"
#include "manifest/manifest_edit.h"
#include "manifest/manifest_envelope.h"
#include "manifest/manifest_store.h"
#include "manifest/version_chain.h"
#include "varve/stop.h"

namespace varve::internal {
namespace {

constexpr int64_t kNanosPerMicro = 1000;
constexpr uint64_t kPauseUnitMicros = 200;
constexpr int kPauseUnitsMax = 100;
constexpr int64_t kFirstSettleMicros = 1'000;
constexpr int64_t kLastSettleMicros = 1'000'000;

// Errors that a store gives before it does anything: asking again changes nothing.
bool IsRefusal(const Status& error) {
  switch (KindOf(error)) {
    case ErrorKind::kInvalid:
    case ErrorKind::kUnsupported:
    case ErrorKind::kResourceExhausted:
    case ErrorKind::kNotFound:
    case ErrorKind::kDenied:
      return true;
    default:
      return false;
  }
}

CommitOutcome Failed(Status error) {
  return {.state = CommitState::kFailed, .error = std::move(error)};
}

CommitOutcome Conflicted(Status error) {
  return {.state = CommitState::kConflict, .error = std::move(error)};
}

CommitOutcome Unknown(CommitToken token, const Status& why) {
  Status error = MakeError(ErrorKind::kCommitUnknown,
                           "the store did not say whether the commit took place (" +
                               why.ToStringWithoutContextLines() + "); ask later, with its token",
                           {.object = VersionPath(token.versions_tried.back()),
                            .field = "token",
                            .found = token.Encode()});
  return {.state = CommitState::kUnknown, .token = std::move(token), .error = std::move(error)};
}

// An object that could not be read now may be another time.
bool MayPass(const Status& error) {
  return KindOf(error) == ErrorKind::kIo || KindOf(error) == ErrorKind::kCancelled;
}

// The caller of a commit did not ask it to stop; its deadline did.
Status Late(const Status& status) {
  if (KindOf(status) != ErrorKind::kCancelled) return status;
  return MakeError(ErrorKind::kIo, "the store did not answer before the commit's deadline");
}

Status CheckWritable(const Manifest& base, ChunkManager& store) {
  ARROW_RETURN_NOT_OK(store.CheckConditionalWrites());
  if (!store.features().put_if_absent) {
    return MakeError(ErrorKind::kUnsupported,
                     "this store cannot create an object only if it is absent; tables on it can be "
                     "read, not written",
                     {.object = store.uri()});
  }
  ARROW_RETURN_NOT_OK(CheckWriterFeatures(base.writer_features, store.uri()));
  if (base.has_unknown_fields) {
    return MakeError(ErrorKind::kUnsupported,
                     "the table was written by a newer version of Varve, with fields that this one "
                     "would lose",
                     {.object = store.uri()});
  }
  return Status::OK();
}

// `call`, which ends Cancelled where it is not done by then. A commit that has begun is not stopped
// by its caller.
auto Until(Clock* clock, int64_t nanos, const auto& call) {
  const WorkingFor nobody(nullptr);
  const StopScope scope([=] { return clock->MonotonicNanos() >= nanos; });
  return call();
}

}  // namespace

// What came of one put.
struct ManifestStore::Attempt {
  enum class State {
    kOurs,     // our object stands there
    kTaken,    // somebody else's does: ours never will
    kRefused,  // nothing was sent
    kOpen,     // ours may still appear
  };
  State state;
  Status error;
};

// The commit id that stands at `version`; nullopt if nothing does.
Result<std::optional<Uuid>> ManifestStore::ReadCommitId(uint64_t version) {
  auto object = ReadObject(version);
  if (!object.ok()) {
    if (IsNotFound(object.status())) return std::nullopt;
    return object.status();
  }
  return object->values.commit_id;
}

// Sends identical bytes under one name until it is known whose object stands there. That is safe
// however many of the requests arrive: the object is the same.
ManifestStore::Attempt ManifestStore::Put(const Manifest& next, const std::string& bytes,
                                          int64_t deadline_nanos) {
  const std::string path = VersionPath(next.version);
  bool maybe_sent = false;
  Status first_error;
  for (int64_t pause = kFirstSettleMicros;; pause = std::min(2 * pause, kLastSettleMicros)) {
    // Half of what is left: what came of it must be asked after.
    const int64_t now = options_.clock->MonotonicNanos();
    auto put = Until(options_.clock, now + (deadline_nanos - now) / 2,
                     [&] { return store_->PutIfAbsent(path, AsBytes(bytes)); });
    if (put.ok() && *put) return {Attempt::State::kOurs, Status::OK()};
    Status error = put.ok() ? Status::OK() : put.status();
    if (!error.ok() && first_error.ok()) first_error = error;
    const bool refused = !error.ok() && IsRefusal(error);
    maybe_sent = maybe_sent || (!error.ok() && !refused);

    // Taken, or an error: either way only the name itself tells whose object stands there. It may
    // be ours, from a request whose response was lost.
    auto standing =
        Until(options_.clock, deadline_nanos, [&] { return ReadCommitId(next.version); });
    if (standing.ok() && standing->has_value()) {
      if (**standing != next.commit_id) return {Attempt::State::kTaken, Status::OK()};
      // Ours. After an error a disk may show it without its being durable; a put that finds the
      // name taken vouches for that. What an object store shows, it keeps.
      if (put.ok() || !ProbesAreCheap()) return {Attempt::State::kOurs, Status::OK()};
    }
    if (!standing.ok() && first_error.ok()) first_error = standing.status();
    if (refused) {
      const bool certain = !maybe_sent && standing.ok();
      return {certain ? Attempt::State::kRefused : Attempt::State::kOpen, first_error};
    }
    if (put.ok() && !standing.ok() && !maybe_sent && !MayPass(standing.status())) {
      // Something else stands there that cannot be read: not ours, and not to be built upon.
      return {Attempt::State::kRefused, standing.status()};
    }
    if (options_.clock->MonotonicNanos() + pause * kNanosPerMicro >= deadline_nanos) {
      return {Attempt::State::kOpen, first_error};
    }
    options_.clock->SleepFor(std::chrono::microseconds(pause));
  }
}

// Full jitter over a window that grows with the losses.
void ManifestStore::PauseBeforeRetry(int attempt) {
  const uint64_t window =
      kPauseUnitMicros * static_cast<uint64_t>(std::min(attempt + 1, kPauseUnitsMax));
  options_.clock->SleepFor(std::chrono::microseconds(options_.random->Uniform(window + 1)));
}

CommitOutcome ManifestStore::Create(std::shared_ptr<const CollectionSchema> schema,
                                    ManifestEdit edit) {
  const auto exists = [&] {
    return Conflicted(MakeError(ErrorKind::kAlreadyExists, "there is a table here already",
                                {.object = store_->uri()}));
  };
  // Version 1 of an old table may have been collected; its name is not free for that.
  auto listed = FindByListing();
  if (!listed.ok()) return Failed(listed.status());
  if (*listed != 0) return exists();

  edit.operation.kind = OperationKind::kCreate;
  auto empty =
      std::make_shared<const Manifest>(EmptyTable(options_.random->NextUuid(), std::move(schema)));
  CommitOutcome outcome = CommitOnto(std::move(empty), edit);
  if (outcome.state == CommitState::kConflict) return exists();
  return outcome;
}

CommitOutcome ManifestStore::Commit(std::shared_ptr<const Manifest> base,
                                    const ManifestEdit& edit) {
  return CommitOnto(std::move(base), edit);
}

CommitOutcome ManifestStore::CommitOnto(std::shared_ptr<const Manifest> base,
                                        const ManifestEdit& edit) {
  if (Status status = CheckWritable(*base, *store_); !status.ok()) return Failed(status);
  // A replica may lag behind: what stands under a name is asked of the store that has it first.
  if (auto primary = store_->Primary()) {
    return ManifestStore(std::move(primary), options_).CommitOnto(std::move(base), edit);
  }
  if (Status status = ValidateEdit(*base, edit); !status.ok()) return Failed(status);
  const bool creates = base->version == 0;
  const int64_t deadline_nanos =
      options_.clock->MonotonicNanos() + std::chrono::nanoseconds(options_.deadline).count();
  CommitToken token{.commit_id = options_.random->NextUuid()};
  std::shared_ptr<const Manifest> current = base;
  std::unique_ptr<QueueGuard> guard;

  for (int attempt = 0; attempt < options_.commit_attempts_max; ++attempt) {
    if (guard == nullptr && !creates && contended_.load(std::memory_order_relaxed)) {
      // Without a place in line it goes on all the same.
      if (auto place = store_->Queue("commit"); place.ok()) guard = std::move(*place);
    }
    // Catch up: after a loss, and before the first try if others were waiting in front of us.
    if (!creates && (attempt > 0 || guard != nullptr)) {
      auto latest =
          Until(options_.clock, deadline_nanos, [&] { return LoadLatest(current.get()); });
      if (!latest.ok()) return Failed(Late(latest.status()));
      if ((*latest)->version == current->version && attempt == 0) {
        contended_.store(false, std::memory_order_relaxed);
      }
      current = std::move(*latest);
      if (Status status = CheckWritable(*current, *store_); !status.ok()) return Failed(status);
      if (Status status = CheckRebase(*base, *current, edit); !status.ok()) {
        return Conflicted(status);
      }
    }

    auto applied = ApplyEdit(*current, edit,
                             {.commit_id = token.commit_id,
                              .now_micros = options_.clock->NowMicros(),
                              .read_version = base->version});
    if (!applied.ok()) return Failed(applied.status());
    auto next = std::make_shared<Manifest>(std::move(*applied));
    auto bytes = EncodeManifest(next.get());
    if (!bytes.ok()) return Failed(bytes.status());

    const Status place =
        Until(options_.clock, deadline_nanos, [&] { return CheckPlace(next->version); });
    if (!place.ok()) return Failed(Late(place));
    token.versions_tried.push_back(next->version);
    const Attempt put = Put(*next, *bytes, deadline_nanos);
    switch (put.state) {
      case Attempt::State::kOurs:
        WriteHint(next->version);
        return {.state = CommitState::kCommitted, .manifest = std::move(next)};
      case Attempt::State::kRefused:
        return Failed(put.error);
      case Attempt::State::kOpen:
        return Unknown(std::move(token), put.error);
      case Attempt::State::kTaken:
        break;
    }
    contended_.store(true, std::memory_order_relaxed);
    if (creates || options_.clock->MonotonicNanos() >= deadline_nanos) break;
    if (guard == nullptr) PauseBeforeRetry(attempt);
  }
  return Conflicted(MakeError(ErrorKind::kCommitConflict, "others committed first, every time",
                              {.object = store_->uri(),
                               .field = "tries",
                               .found = std::to_string(token.versions_tried.size())}));
}

CommitOutcome ManifestStore::Resolve(const CommitToken& token) {
  if (token.versions_tried.empty()) {
    return Failed(MakeError(ErrorKind::kInvalid, "a commit token without versions"));
  }
  if (auto primary = store_->Primary()) {
    return ManifestStore(std::move(primary), options_).Resolve(token);
  }
  auto unknown = [&](const Status& why) { return Unknown(token, why); };
  // Taken before the names are read: what is absent later, but not newer than this, was collected.
  auto latest = FindLatest();
  if (!latest.ok() && !IsNotFound(latest.status())) return unknown(latest.status());
  const uint64_t newest = latest.ok() ? *latest : 0;
  bool expired = false;
  Status open;
  for (const uint64_t version : token.versions_tried) {
    auto standing = ReadCommitId(version);
    if (!standing.ok()) {
      open = standing.status();
    } else if (!standing->has_value()) {
      if (version <= newest) {
        expired = true;
      } else {
        open = MakeError(ErrorKind::kNotFound, "nothing stands there yet",
                         {.object = VersionPath(version)});
      }
    } else if (**standing == token.commit_id) {
      auto manifest = Load(version);
      if (!manifest.ok()) return unknown(manifest.status());
      return {.state = CommitState::kCommitted, .manifest = std::move(*manifest)};
    }
  }
  if (!open.ok()) return unknown(open);
  if (expired) {
    return {.state = CommitState::kExpired,
            .token = token,
            .error = MakeError(ErrorKind::kNotFound,
                               "the versions this commit may have become are no longer kept",
                               {.object = store_->uri()})};
  }
  return Failed(MakeError(ErrorKind::kCommitConflict,
                          "every version this commit tried to become is somebody else's",
                          {.object = store_->uri()}));
}

}  // namespace varve::internal
