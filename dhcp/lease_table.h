// SPDX-License-Identifier: GPL-2.0-or-later
//
// All leases, by address, by device and by name, and the deadlines of those that have one.
// Strangers choose the keys, so the hashes are keyed, and the number of leases is bounded.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dhcp/lease.h"
#include "gateway/base/hash.h"
#include "gateway/base/id_index.h"

namespace gatehouse::dhcp {

class LeaseTable {
  public:
    static constexpr std::size_t kMostLeases = 65536;

    explicit LeaseTable(const HashKey& key);

    const Lease* find(Ip4 address) const;
    // The lease of a device in a network; a live one before one that has ended.
    const Lease* find_client(std::string_view client, const Prefix4& network) const;
    // All of them, the best first.
    std::vector<Ip4> addresses_of(std::string_view client, const Prefix4& network) const;
    // The bound lease with a name, whatever its case.
    const Lease* find_name(std::string_view name) const;
    bool full() const { return leases_.size() >= kMostLeases; }

    // Instead of what was at the address, which is not kNoHost; the table must not be full where
    // nothing was.
    const Lease& put(Lease lease);
    void erase(Ip4 address);

    std::optional<Instant> next_deadline() const;
    // An address whose offer, lease or quarantine is over; the caller changes the lease.
    std::optional<Ip4> first_expired(Instant now) const;

    std::size_t size() const { return leases_.size(); }
    std::size_t count(LeaseState state) const { return counts_[static_cast<std::size_t>(state)]; }
    const std::unordered_map<Ip4, Lease, KeyedHash>& all() const { return leases_; }
    std::vector<Lease> sorted() const;  // by address

  private:
    struct Deadline {
        Instant at;
        Ip4 address;

        // For a heap with the earliest in front.
        bool operator<(const Deadline& other) const {
            return std::pair(at, address) > std::pair(other.at, other.address);
        }
    };

    std::uint32_t client_key(std::string_view client) const;
    std::uint32_t name_key(std::string_view name) const;
    void index(const Lease& lease);
    void remove_from_index(const Lease& lease);
    bool still_holds(const Deadline& deadline) const;
    // Drops deadlines that do not count any more: the first ones, or all when they are too many.
    void tidy_deadlines();

    HashKey key_;
    std::unordered_map<Ip4, Lease, KeyedHash> leases_;
    // Of addresses.
    IdIndex clients_;
    IdIndex names_;
    // A heap. A lease that changes leaves its old deadline behind, which costs less than to know
    // where each is; the first one always counts.
    std::vector<Deadline> deadlines_;
    std::array<std::size_t, 5> counts_{};  // by state
};

}  // namespace gatehouse::dhcp
