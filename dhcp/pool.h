// SPDX-License-Identifier: GPL-2.0-or-later
//
// The dynamic addresses of one network: which may be given out, which are free, and which could be
// taken from devices that are gone or never came, oldest first. Rules it keeps:
//   - never the network's or the broadcast address, never one of the router's, never a reserved
//     one, and in networks wider than a /24 none that ends in .0 or .255, which old systems refuse;
//   - a device that comes back after all was forgotten finds its old address: the choice begins at
//     a place that depends on the device alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace gatehouse::dhcp {

// Whether hosts of this network may have such an address at all.
bool is_host_of(const Prefix4& network, Ip4 address);

class Pool {
  public:
    Pool() = default;
    // The addresses from network + start on, `limit` of them, as far as they lie in the network and
    // are not barred.
    Pool(const Prefix4& network, std::uint32_t start, std::uint32_t limit,
         const std::function<bool(Ip4)>& barred);

    // Whether the address may be given out from here.
    bool contains(Ip4 address) const;
    bool is_free(Ip4 address) const { return contains(address) && !test(taken_, address); }
    std::size_t size() const { return size_; }  // that may be given out
    std::size_t free() const { return free_; }

    void take(Ip4 address);
    void give_back(Ip4 address);
    // A free address, the first from the place of this hash on.
    std::optional<Ip4> choose(std::uint64_t hash) const;

    // Addresses that are taken, but by nobody who is here.
    void note_ended(Ip4 address, Instant when) { ended_.emplace(when, address); }
    void forget_ended(Ip4 address, Instant when) { ended_.erase({when, address}); }
    std::size_t ended() const { return ended_.size(); }
    std::optional<Ip4> oldest_ended() const;
    // And those that were only offered, until then.
    void note_offer(Ip4 address, Instant until) { offers_.emplace(until, address); }
    void forget_offer(Ip4 address, Instant until) { offers_.erase({until, address}); }
    // The oldest offer, where it ends no later than that.
    std::optional<Ip4> oldest_offer(Instant until) const;

  private:
    using Bits = std::vector<std::uint64_t>;

    bool in_range(Ip4 address) const {
        return address >= first_ && address.value - first_.value < count_;
    }
    bool test(const Bits& bits, Ip4 address) const;
    static void set(Bits& bits, std::uint32_t place, bool value);

    Ip4 first_;
    std::uint32_t count_ = 0;
    Bits barred_;
    Bits taken_;  // or barred
    std::size_t size_ = 0;
    std::size_t free_ = 0;
    std::set<std::pair<Instant, Ip4>> ended_;
    std::set<std::pair<Instant, Ip4>> offers_;
};

}  // namespace gatehouse::dhcp
