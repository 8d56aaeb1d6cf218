// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/client.h"

#include "dhcp/names.h"
#include "gateway/base/text.h"

namespace gatehouse::dhcp {

namespace {

constexpr std::size_t kLongestId = 255;

template <class Map>
const config::StaticLease* look_up(const Map& map, const typename Map::key_type& key,
                                   const std::vector<config::StaticLease>& leases) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &leases[found->second];
}

std::string name_of(const Message& message) {
    Fqdn fqdn;
    const Bytes option = message.options.bytes(option::kFqdn);
    if (!option.empty() && parse_fqdn(option, fqdn)) {
        std::string name = clean_name(fqdn.name);
        if (!name.empty()) return name;
    }
    return clean_name(as_text(message.options.bytes(option::kHostName)));
}

}  // namespace

void Reservations::set(const std::vector<config::StaticLease>& leases) {
    leases_ = leases;
    by_mac_.clear();
    by_id_.clear();
    by_name_.clear();
    by_address_.clear();
    for (std::size_t i = 0; i < leases_.size(); ++i) {
        const config::StaticLease& lease = leases_[i];
        for (const Mac& mac : lease.macs)
            by_mac_.emplace(mac, i);
        if (!lease.client_id.empty()) by_id_.emplace(as_text(lease.client_id), i);
        if (!lease.name.empty()) by_name_.emplace(to_lower(lease.name), i);
        by_address_.emplace(lease.address, i);
    }
}

const config::StaticLease* Reservations::find(const Client& client) const {
    if (client.mac != Mac{}) {
        if (const auto* lease = look_up(by_mac_, client.mac, leases_)) return lease;
    }
    if (const auto* lease = look_up(by_id_, client.id, leases_)) return lease;
    if (client.name.empty()) return nullptr;
    const auto* lease = look_up(by_name_, to_lower(client.name), leases_);
    const bool by_name_only = lease != nullptr && lease->macs.empty() && lease->client_id.empty();
    return by_name_only ? lease : nullptr;
}

const config::StaticLease* Reservations::holder_of(Ip4 address) const {
    return look_up(by_address_, address, leases_);
}

bool Reservations::has_name(std::string_view name) const {
    return by_name_.find(to_lower(name)) != by_name_.end();
}

std::optional<Client> client_of(const Message& message, bool client_ids,
                                const Reservations& reservations) {
    Client out;
    out.mac = message.mac().value_or(Mac{});
    const Bytes id = message.options.bytes(option::kClientId);
    // RFC 2132 9.14: at least two bytes; a type alone says nothing.
    if (client_ids && id.size() >= 2 && id.size() <= kLongestId) {
        out.id = std::string(as_text(id));
    } else if (message.hlen > 0) {
        out.id.push_back(static_cast<char>(message.htype));
        out.id += as_text(Bytes(message.chaddr).first(message.hlen));
    } else {
        return std::nullopt;
    }
    out.name = name_of(message);
    out.reservation = reservations.find(out);
    return out;
}

}  // namespace gatehouse::dhcp
