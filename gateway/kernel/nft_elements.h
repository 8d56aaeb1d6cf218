// SPDX-License-Identifier: GPL-2.0-or-later
//
// Elements of nftables maps and sets over raw netlink: added and removed in one transaction, and
// listed. Keys and data are the bytes that the kernel compares: each field in network order, filled
// up with zeros to a multiple of four bytes.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"
#include "gateway/kernel/netlink.h"

namespace gatehouse::kernel {

// Builds the bytes of "address . proto . port ..." in the order of the calls, and reads them back.
class ConcatKey {
  public:
    ConcatKey& address(Ip4 value);
    ConcatKey& address(const Ip6& value);
    ConcatKey& proto(Proto value);
    ConcatKey& port(Port value);
    ConcatKey& endpoint(const Endpoint4& value) { return address(value.address).port(value.port); }
    ConcatKey& mark(std::uint32_t value);  // in host order, as the kernel keeps marks

    const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  private:
    std::vector<std::uint8_t> bytes_;
};

// Reads what ConcatKey wrote; sticky error as in ByteReader.
class ConcatReader {
  public:
    explicit ConcatReader(Bytes bytes) : in_(bytes) {}

    Ip4 address() { return read_ip4(in_); }
    Ip6 address6() { return {in_.array<16>()}; }
    Proto proto();
    Port port();
    Endpoint4 endpoint();
    // True if every read was within the bytes and nothing is left.
    bool complete() const { return in_.ok() && in_.at_end(); }

  private:
    ByteReader in_;
};

struct Element {
    std::vector<std::uint8_t> key;
    std::vector<std::uint8_t> data;          // empty in a set
    std::optional<Duration> timeout;         // what it was given when it was written
    std::optional<Duration> expires_in;      // what is left of that
    std::optional<std::uint64_t> packets{};  // where elements of the set count
    friend bool operator==(const Element&, const Element&) = default;
};

struct ElementChange {
    enum class Kind : std::uint8_t {
        add,     // the same element again is fine; the key with other data is refused with EEXIST
        remove,  // refused with ENOENT if there is no such key
    };
    Kind kind = Kind::add;
    std::string set;  // name of the map or set
    std::vector<std::uint8_t> key;
    std::vector<std::uint8_t> data;   // of a map, when adding
    std::optional<Duration> timeout;  // of a set with timeouts, when adding

    friend bool operator==(const ElementChange&, const ElementChange&) = default;
};

// A rule that counts and has a comment.
struct RuleCount {
    std::string comment;
    std::uint64_t packets = 0;

    friend bool operator==(const RuleCount&, const RuleCount&) = default;
};

// The messages for changes to table `inet NAME`, without the frame of a transaction: set by set,
// and for each set in this order.
std::vector<MessageBytes> encode_changes(std::string_view table,
                                         std::span<const ElementChange> changes);
// The request that lists one set or map.
MessageBytes encode_list(std::string_view table, std::string_view set);
// The request for one element.
MessageBytes encode_get(std::string_view table, std::string_view set, const ConcatKey& key);
// The elements in one message of the answer; false if it is malformed.
bool decode_elements(const MessageView& message, std::vector<Element>& out);

// The request that lists all rules of a table, and the count in one message of the answer.
MessageBytes encode_list_rules(std::string_view table);
std::optional<RuleCount> decode_rule_count(const MessageView& message);

// The writer and lister for one table of family inet.
class NftElements {
  public:
    static Result<NftElements> open(std::string table);

    // What announcements of our changes carry as the port of who made them.
    std::uint32_t port() const { return socket_.port(); }

    // All or nothing. More changes than fit one transaction (about 100,000) are refused.
    NetlinkStatus apply(std::span<const ElementChange> changes);
    NetlinkStatus add(std::string set, const ConcatKey& key, const ConcatKey& data);
    NetlinkStatus remove(std::string set, const ConcatKey& key);
    Result<std::vector<Element>, NetlinkError> list(std::string_view set);
    // Of all rules that count and say why, in their order; empty where the kernel does not tell.
    std::vector<RuleCount> rule_counts();
    // Whether the set has this key now.
    bool has(std::string_view set, const ConcatKey& key) { return find(set, key).has_value(); }
    std::optional<Element> find(std::string_view set, const ConcatKey& key);

  private:
    NftElements(NetlinkSocket socket, std::string table)
        : socket_(std::move(socket)), table_(std::move(table)) {}

    NetlinkSocket socket_;
    std::string table_;
};

}  // namespace gatehouse::kernel
