// SPDX-License-Identifier: GPL-2.0-or-later
//
// An attack is a piece of code that says what it gained, in words, or "" when it was refused. It
// runs in a house whose router is the kernel alone, as home routers are set up, and in one with
// Gatehouse. Where an attack is known to succeed against the kernel alone, it must: a test that
// could not succeed anywhere shows nothing.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/lab/support/lab.h"

namespace gatehouse::attack {

// Lets tests read like the lab's own.
using namespace gatehouse::lab;

class Scene {
  public:
    enum class Guard : std::uint8_t { kernel_alone, gatehouse };

    // Sections of Gatehouse's configuration beside those that make a router.
    explicit Scene(Guard guard, const std::string& config = {});

    bool is_guarded() const { return router_.has_value(); }
    // The address of the router changes, as a provider does it; the kernel alone gets the rules
    // that fit the new one.
    void change_address(const std::string& address);
    // Whether the kernel expects a connection on behalf of another, which opens a way in.
    std::string expectations() const;

    House house;
    // Of the router, on a port that anybody may use, and there before the guard is.
    UdpSocket service = house.router.udp("0.0.0.0:3478");

  private:
    std::optional<Router> router_;
};

using Gain = std::string;
// Where only one of them has what is attacked.
inline constexpr const char* kNoSuchService = "(no such service)";

struct Attack {
    const char* name;
    // Whether the kernel alone is known to give way; otherwise what it does is only printed.
    bool kernel_gives_way;
    std::function<Gain(Scene&)> play;
    std::string config{};  // of Gatehouse
};

// Plays it against both, and notes it for the table.
void is_refused(const Attack& attack);

}  // namespace gatehouse::attack
