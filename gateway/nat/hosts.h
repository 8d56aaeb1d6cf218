// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who is at an inside address. Several sources know something (the configuration, DHCP leases, the
// kernel's neighbour table); each publishes what it knows and withdraws it. Rules it keeps:
//   - the hardware address is that of the neighbour table, which has seen the host, else of the
//     lease, else of the configuration; the name is that of the configuration, else of the lease;
//   - the number of addresses is bounded; a mere neighbour makes room for a lease.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/ip.h"

namespace gatehouse::nat {

enum class HostSource : std::uint8_t { static_, lease, neighbour };
std::string_view to_string(HostSource source);  // "static" "lease" "neighbour"

struct Host {
    IpAddress address;
    std::optional<Mac> mac;
    std::string name;                           // may be empty
    HostSource source = HostSource::neighbour;  // the best that knows it
    bool seen = false;                          // the neighbour table knows it

    friend bool operator==(const Host&, const Host&) = default;
};

// Called after a change; nullptr: nobody is known at the address any more. Listeners take note and
// return; they do not publish.
using HostListener = std::function<void(const IpAddress& address, const Host* host)>;

class Hosts {
  public:
    static constexpr std::size_t kMostHosts = 8192;

    // What this source knows now, instead of what it knew before. False when there is no room.
    bool publish(const IpAddress& address, HostSource source, std::optional<Mac> mac,
                 const std::string& name = {});
    void withdraw(const IpAddress& address, HostSource source);
    void withdraw_all(HostSource source);

    // Valid until the next change.
    const Host* find(const IpAddress& address) const;
    std::vector<IpAddress> addresses_of(const Mac& mac) const;  // in order
    std::vector<Host> all() const;                              // by address
    std::size_t size() const { return entries_.size(); }

    std::uint32_t subscribe(HostListener listener);
    void unsubscribe(std::uint32_t subscription);

  private:
    struct Fact {
        std::optional<Mac> mac;
        std::string name;
    };
    struct Entry {
        std::array<std::unique_ptr<Fact>, 3> facts;  // by HostSource; most hosts have one
        Host host;
        bool known = false;  // the listeners have heard of it
    };
    using Entries = std::map<IpAddress, Entry>;

    bool make_room();
    // Takes the facts together again; tells the listeners where that changes something.
    void settle(Entries::iterator entry);
    void index(const Host& host, bool present);
    void tell(const IpAddress& address, const Host* host);

    Entries entries_;
    std::set<std::pair<Mac, IpAddress>> by_mac_;
    std::map<std::uint32_t, HostListener> listeners_;
    std::uint32_t next_subscription_ = 1;
};

}  // namespace gatehouse::nat
