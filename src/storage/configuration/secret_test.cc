// SPDX-License-Identifier: Apache-2.0
#include "varve/secret.h"

#include <gtest/gtest.h>

#include <array>
#include <concepts>
#include <memory_resource>
#include <optional>
#include <ostream>
#include <utility>

namespace varve {
namespace {

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <typename T>
concept Text = std::convertible_to<T, std::string_view> || std::convertible_to<T, std::string>;

static_assert(Printable<std::string>);
static_assert(!Printable<Secret>);
static_assert(Text<const char*>);
static_assert(!Text<Secret>);
static_assert(!std::convertible_to<std::string, Secret>);
static_assert(!std::equality_comparable<Secret>);

constexpr std::string_view kCanary = "canary-in-a-coal-mine";

// Memory that is never given back, so that a test may look what was left in it.
class Remains {
 public:
  Remains() : before_(std::pmr::set_default_resource(&resource_)) {}
  ~Remains() { std::pmr::set_default_resource(before_); }
  bool Show(std::string_view text) const {
    return std::string_view(bytes_.data(), bytes_.size()).find(text) != std::string_view::npos;
  }

 private:
  std::array<char, 4096> bytes_{};
  std::pmr::monotonic_buffer_resource resource_{bytes_.data(), bytes_.size(),
                                                std::pmr::null_memory_resource()};
  std::pmr::memory_resource* const before_;
};

TEST(SecretTest, IsShownToWhoAsksForIt) {
  const Secret secret(kCanary);
  EXPECT_EQ(secret.Reveal(), kCanary);
  EXPECT_EQ(secret.ToString(), "***");
  EXPECT_FALSE(secret.empty());
  EXPECT_EQ(Secret().ToString(), "");
  EXPECT_EQ(Secret().Reveal(), "");
  Secret copy = secret;
  EXPECT_EQ(copy.Reveal(), kCanary);
  const Secret moved = std::move(copy);
  EXPECT_EQ(moved.Reveal(), kCanary);
}

TEST(SecretTest, LeavesNothingBehind) {
  const Remains remains;
  std::optional<Secret> secret(std::in_place, kCanary);
  EXPECT_TRUE(remains.Show(kCanary));
  std::optional<Secret> copy(secret);
  std::optional<Secret> moved(std::move(secret));
  *copy = Secret("other");
  moved->Reveal();
  moved = Secret("another");
  EXPECT_FALSE(remains.Show(kCanary));
  EXPECT_TRUE(remains.Show("another"));
  secret.reset();
  copy.reset();
  moved.reset();
  EXPECT_FALSE(remains.Show("other"));
}

}  // namespace
}  // namespace varve
