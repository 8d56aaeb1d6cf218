// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who asks, and what the configuration reserves for it. A device is what its client identifier says
// (option 61, RFC 4361), else its hardware address; an identifier of the form "type, hardware
// address" is the same device either way.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dhcp/message.h"
#include "gateway/base/hash.h"
#include "gateway/config/config.h"

namespace gatehouse::dhcp {

struct Client {
    std::string id;
    Mac mac;           // zeros where it has none of Ethernet
    std::string name;  // cleaned, as the device asks for it; may be empty
    const config::StaticLease* reservation = nullptr;
};

// The addresses that the configuration gives to certain devices.
class Reservations {
  public:
    explicit Reservations(const HashKey& key) : by_mac_(0, KeyedHash(key)) {}
    void set(const std::vector<config::StaticLease>& leases);

    // By hardware address, else client id, else name.
    const config::StaticLease* find(const Client& client) const;
    const config::StaticLease* holder_of(Ip4 address) const;
    bool has_name(std::string_view name) const;

  private:
    std::vector<config::StaticLease> leases_;
    std::unordered_map<Mac, std::size_t, KeyedHash> by_mac_;
    std::map<std::string, std::size_t, std::less<>> by_id_;
    std::map<std::string, std::size_t, std::less<>> by_name_;  // in lower case
    std::map<Ip4, std::size_t> by_address_;
};

// Nothing where a message does not say who sent it.
std::optional<Client> client_of(const Message& message, bool client_ids,
                                const Reservations& reservations);

}  // namespace gatehouse::dhcp
