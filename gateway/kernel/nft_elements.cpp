// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/nft_elements.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kFamilyHeader = 4;
constexpr std::size_t kMaxMessage = 32768;  // well below what a nested attribute can measure

constexpr std::uint16_t nft_type(unsigned number) {
    return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8U) | number);
}

void write_value(MessageWriter& out, std::uint16_t type, Bytes value) {
    const std::size_t nest = out.begin(type);
    out.attribute(NFTA_DATA_VALUE, value);
    out.end(nest);
}

void write_element(MessageWriter& out, const ElementChange& change) {
    const bool add = change.kind == ElementChange::Kind::add;
    const std::size_t element = out.begin(NFTA_LIST_ELEM);
    write_value(out, NFTA_SET_ELEM_KEY, change.key);
    if (add && !change.data.empty()) write_value(out, NFTA_SET_ELEM_DATA, change.data);
    if (add && change.timeout) {
        const auto left = duration_cast<std::chrono::milliseconds>(*change.timeout).count();
        // Zero would mean for ever.
        out.be64(NFTA_SET_ELEM_TIMEOUT,
                 static_cast<std::uint64_t>(std::max<std::int64_t>(left, 1)));
    }
    out.end(element);
}

std::optional<Duration> milliseconds(const Attributes& attributes, std::size_t type) {
    const auto value = attributes.be64(type);
    if (!value) return std::nullopt;
    constexpr std::uint64_t kMost = 1ULL << 42U;  // 139 years: anything longer is as good as that
    return std::chrono::milliseconds(std::min(*value, kMost));
}

std::vector<std::uint8_t> value_of(const Attributes& attributes, std::size_t type) {
    const Bytes value = Attributes(attributes.at(type)).at(NFTA_DATA_VALUE);
    return {value.begin(), value.end()};
}

// Of an element with one expression that is a counter.
std::optional<std::uint64_t> packets_of(const Attributes& attributes) {
    const Attributes expression(attributes.at(NFTA_SET_ELEM_EXPR));
    if (expression.text(NFTA_EXPR_NAME) != "counter") return std::nullopt;
    return Attributes(expression.at(NFTA_EXPR_DATA)).be64(NFTA_COUNTER_PACKETS);
}

}  // namespace

ConcatKey& ConcatKey::address(Ip4 value) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes_.push_back(static_cast<std::uint8_t>(value.value >> shift));
    }
    return *this;
}

ConcatKey& ConcatKey::address(const Ip6& value) {
    bytes_.insert(bytes_.end(), value.bytes.begin(), value.bytes.end());
    return *this;
}

ConcatKey& ConcatKey::proto(Proto value) {
    bytes_.insert(bytes_.end(), {static_cast<std::uint8_t>(value), 0, 0, 0});
    return *this;
}

ConcatKey& ConcatKey::port(Port value) {
    const auto high = static_cast<std::uint8_t>(value.number >> 8U);
    bytes_.insert(bytes_.end(), {high, static_cast<std::uint8_t>(value.number & 0xffU), 0, 0});
    return *this;
}

ConcatKey& ConcatKey::mark(std::uint32_t value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
    return *this;
}

Proto ConcatReader::proto() {
    const auto value = static_cast<Proto>(in_.u8());
    in_.skip(3);
    return value;
}

Port ConcatReader::port() {
    const Port value{in_.u16()};
    in_.skip(2);
    return value;
}

Endpoint4 ConcatReader::endpoint() {
    const Ip4 host = address();
    return {host, port()};
}

std::vector<MessageBytes> encode_changes(std::string_view table,
                                         std::span<const ElementChange> changes) {
    // A message costs the kernel as much as an element, so those of a set come together.
    std::vector<const ElementChange*> order;
    order.reserve(changes.size());
    for (const ElementChange& change : changes)
        order.push_back(&change);
    std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
        const int sets = a->set.compare(b->set);
        return sets < 0 || (sets == 0 && a < b);
    });
    std::vector<MessageBytes> messages;
    std::size_t i = 0;
    while (i < order.size()) {
        const ElementChange& first = *order[i];
        const bool add = first.kind == ElementChange::Kind::add;
        MessageWriter out(nft_type(add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM),
                          static_cast<std::uint16_t>(NLM_F_REQUEST | (add ? NLM_F_CREATE : 0)));
        out.netfilter_header(NFPROTO_INET);
        out.text(NFTA_SET_ELEM_LIST_TABLE, table);
        out.text(NFTA_SET_ELEM_LIST_SET, first.set);
        const std::size_t list = out.begin(NFTA_SET_ELEM_LIST_ELEMENTS);
        do {
            write_element(out, *order[i]);
            ++i;
        } while (i < order.size() && order[i]->kind == first.kind && order[i]->set == first.set &&
                 out.size() < kMaxMessage);
        out.end(list);
        messages.push_back(out.take());
    }
    return messages;
}

MessageBytes encode_list(std::string_view table, std::string_view set) {
    MessageWriter out(nft_type(NFT_MSG_GETSETELEM), NLM_F_REQUEST);
    out.netfilter_header(NFPROTO_INET);
    out.text(NFTA_SET_ELEM_LIST_TABLE, table);
    out.text(NFTA_SET_ELEM_LIST_SET, set);
    return out.take();
}

MessageBytes encode_get(std::string_view table, std::string_view set, const ConcatKey& key) {
    MessageWriter out(nft_type(NFT_MSG_GETSETELEM), NLM_F_REQUEST);
    out.netfilter_header(NFPROTO_INET);
    out.text(NFTA_SET_ELEM_LIST_TABLE, table);
    out.text(NFTA_SET_ELEM_LIST_SET, set);
    const std::size_t list = out.begin(NFTA_SET_ELEM_LIST_ELEMENTS);
    const std::size_t element = out.begin(NFTA_LIST_ELEM);
    write_value(out, NFTA_SET_ELEM_KEY, key.bytes());
    out.end(element);
    out.end(list);
    return out.take();
}

bool decode_elements(const MessageView& message, std::vector<Element>& out) {
    if (message.type != nft_type(NFT_MSG_NEWSETELEM)) return true;
    const Attributes head(message.behind(kFamilyHeader));
    if (message.payload.size() < kFamilyHeader || !head.ok()) return false;
    AttributeReader list(head.at(NFTA_SET_ELEM_LIST_ELEMENTS));
    while (const auto item = list.next()) {
        const Attributes attributes(item->value);
        Element element;
        element.key = value_of(attributes, NFTA_SET_ELEM_KEY);
        if (!attributes.ok() || element.key.empty()) return false;
        element.data = value_of(attributes, NFTA_SET_ELEM_DATA);
        element.timeout = milliseconds(attributes, NFTA_SET_ELEM_TIMEOUT);
        element.expires_in = milliseconds(attributes, NFTA_SET_ELEM_EXPIRATION);
        element.packets = packets_of(attributes);
        out.push_back(std::move(element));
    }
    return list.ok();
}

Result<NftElements> NftElements::open(std::string table) {
    auto socket = NetlinkSocket::open(Bus::netfilter);
    if (!socket) return socket.failure();
    return NftElements(std::move(*socket), std::move(table));
}

NetlinkStatus NftElements::apply(std::span<const ElementChange> changes) {
    auto messages = encode_changes(table_, changes);
    return socket_.transact(messages);
}

NetlinkStatus NftElements::add(std::string set, const ConcatKey& key, const ConcatKey& data) {
    ElementChange change;
    change.set = std::move(set);
    change.key = key.bytes();
    change.data = data.bytes();
    return apply({&change, 1});
}

NetlinkStatus NftElements::remove(std::string set, const ConcatKey& key) {
    ElementChange change;
    change.kind = ElementChange::Kind::remove;
    change.set = std::move(set);
    change.key = key.bytes();
    return apply({&change, 1});
}

Result<std::vector<Element>, NetlinkError> NftElements::list(std::string_view set) {
    std::vector<Element> elements;
    bool whole = true;
    const auto told = socket_.dump(
        encode_list(table_, set),
        [&](const MessageView& message) { whole = decode_elements(message, elements) && whole; },
        [&elements] { elements.clear(); });
    if (!told) return told.failure();
    if (!whole) return fail(NetlinkError{EBADMSG, "the kernel listed malformed elements"});
    return elements;
}

std::optional<Element> NftElements::find(std::string_view set, const ConcatKey& key) {
    std::vector<Element> found;
    bool whole = true;
    const auto told = socket_.ask(encode_get(table_, set, key), [&](const MessageView& message) {
        whole = decode_elements(message, found) && whole;
    });
    if (!told || !whole || found.empty()) return std::nullopt;
    return std::move(found.front());
}

}  // namespace gatehouse::kernel
