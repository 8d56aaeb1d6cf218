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
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/base/compact_text.h"
#include "gateway/base/ip.h"

namespace gatehouse::nat {

enum class HostSource : std::uint8_t { static_, lease, neighbour };
std::string_view to_string(HostSource source);  // "static" "lease" "neighbour"

// Thousands of them may be there, so it is kept small.
struct Host {
    std::optional<Mac> mac;
    HostSource source = HostSource::neighbour;  // the best that knows it
    bool seen = false;                          // the neighbour table knows it

    std::string_view name() const;  // may be empty

    // What each source says; the above is taken together from it.
    std::uint8_t sources = 0;  // a bit for each
    std::array<std::optional<Mac>, 3> macs;
    std::array<CompactText, 2> names;  // a neighbour says none

    bool has(HostSource from) const;
};

// Called after a change; nullptr: nobody is known at the address any more. Listeners take note and
// return; they do not publish.
using HostListener = std::function<void(const IpAddress& address, const Host* host)>;

class Hosts {
  public:
    static constexpr std::size_t kMostHosts = 8192;

    // What this source knows now, instead of what it knew before. False when there is no room.
    bool publish(const IpAddress& address, HostSource source, std::optional<Mac> mac,
                 std::string_view name = {});
    void withdraw(const IpAddress& address, HostSource source);
    void withdraw_all(HostSource source);

    // Valid until the next change.
    const Host* find(const IpAddress& address) const;
    std::vector<IpAddress> addresses_of(const Mac& mac) const;  // in order
    const std::map<IpAddress, Host>& all() const { return hosts_; }
    std::size_t size() const { return hosts_.size(); }
    std::uint64_t refused() const { return refused_; }  // because there was no room

    std::uint32_t subscribe(HostListener listener);
    void unsubscribe(std::uint32_t subscription);

  private:
    using Map = std::map<IpAddress, Host>;
    using Entry = Map::value_type;

    bool make_room();
    // Instead of what the source said; tells the listeners where that changes something.
    void set(Map::iterator at, HostSource source, bool known, std::optional<Mac> mac,
             std::string_view name);
    std::vector<const Entry*>::const_iterator first_of(const Mac& mac,
                                                       const IpAddress& address) const;
    void index(const Entry& entry, bool present);
    void tell(const IpAddress& address, const Host* host);

    Map hosts_;
    std::size_t mere_neighbours_ = 0;  // that only the neighbour table knows
    // Those with a hardware address, by it and by address: a sorted list, which is the smallest
    // index and short enough to be moved.
    std::vector<const Entry*> by_mac_;
    std::map<std::uint32_t, HostListener> listeners_;
    std::uint32_t next_subscription_ = 1;
    std::uint64_t refused_ = 0;
};

}  // namespace gatehouse::nat
