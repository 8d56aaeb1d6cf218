// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hosts that ask for ports in each of the four ways that there are, and what they were told. What
// was promised is there until its time is over, whatever happens; what was ended never comes back.
// Only where the daemon died before it could answer, or before the disk had taken it, or the power
// failed before the disk had it for good, nobody can say.
#pragma once

#include <map>
#include <string>

#include "tests/support/soap.h"
#include "tests/world/world.h"
#include "upnp/upstream_codec.h"

namespace gatehouse::world {

class Household {
  public:
    static constexpr unsigned kHosts = 4;

    // After the start of the world.
    explicit Household(World& world);
    Household(const Household&) = delete;
    Household& operator=(const Household&) = delete;
    ~Household();

    static Ip4 address(std::uint64_t host) {
        return Ip4::of(192, 168, 1, static_cast<std::uint8_t>(10 + host));
    }

    // One of them, or somebody by command, wants something.
    void act();
    // An address passes to another device.
    void hand_over();
    // To be told before the power fails, and when another boot has begun.
    void fear_for_the_disk();
    void hear_of_boot();
    // Fails where anything is not as it was promised; in a world that is in order.
    void require_promises();

    std::size_t given() const { return given_; }
    std::size_t refused() const { return refused_; }
    // Of the promises, those of which the test is sure now.
    std::size_t sure() const;

  private:
    struct Promise {
        nat::OwnerKind kind{};
        Proto proto{};
        Port outside;
        Endpoint4 inside;
        Duration lifetime{};
        Duration longest{};  // of all that was promised under this name
        Instant end;         // not before this
        Instant latest;      // and not after this
        bool there = false;  // else it was ended
        bool sure = false;
        std::uint64_t change = 0;
    };

    void ask_by_soap(std::uint64_t host);
    void ask_by_datagram(std::uint64_t host, nat::OwnerKind kind);
    void ask_by_command(std::uint64_t host);
    std::optional<unsigned> soap(std::uint64_t host, std::string_view action,
                                 const test::Fields& fields);

    bool must_be_there(const Promise& one) const;
    void note_what_is_kept();
    void doubt(const std::string& name, Duration lifetime);
    void doubt_behind(std::uint64_t commands, std::uint64_t journal);
    void promise(const std::string& name, Promise promise);
    void end(const std::string& name);
    void hear_refusal(const std::string& name);

    World& world_;
    std::map<std::string, Promise> promises_;
    std::optional<upnp::upstream::MapAnswer> heard_;
    Ip4 listening_;
    std::uint64_t change_ = 0;
    // The last changes that survive a death of the daemon, and one of the power.
    std::uint64_t kept_commands_ = 0;
    std::uint64_t kept_journal_ = 0;
    std::uint64_t forced_journal_ = 0;
    std::uint8_t devices_ = 0;
    std::size_t given_ = 0;
    std::size_t refused_ = 0;
};

}  // namespace gatehouse::world
