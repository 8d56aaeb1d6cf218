// SPDX-License-Identifier: GPL-2.0-or-later
//
// Netlink messages as bytes: splitting what the kernel sent into messages and attributes, and
// building what we send. Every read is bounded by the bytes at hand and free of alignment rules;
// nothing here talks to the kernel, so all codecs of this room run on captured bytes. Netlink
// headers are in host order; attribute values are in host order (rtnetlink) or network order
// (netfilter), and the accessor's name says which.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"

namespace gatehouse::kernel {

// One message, a view into the bytes it was read from.
struct MessageView {
    std::uint16_t type = 0;
    std::uint16_t flags = 0;
    std::uint32_t sequence = 0;
    std::uint32_t port = 0;  // netlink port of whoever asked for it; 0 = the kernel itself
    Bytes payload;           // behind the netlink header

    bool is_error() const { return type == 2; }  // NLMSG_ERROR: also the acknowledgement
    bool is_done() const { return type == 3; }   // NLMSG_DONE: the end of a dump
    // Netfilter packs subsystem and message number into the type.
    std::uint8_t subsystem() const { return static_cast<std::uint8_t>(type >> 8U); }
    std::uint8_t number() const { return static_cast<std::uint8_t>(type & 0xffU); }
    // The payload behind a family header of n bytes; empty if there is less.
    Bytes behind(std::size_t n) const { return payload.size() < n ? Bytes{} : payload.subspan(n); }
};

using OnMessage = std::function<void(const MessageView&)>;

// The messages of one datagram in order. A length that does not fit ends it with ok() = false.
class MessageReader {
  public:
    explicit MessageReader(Bytes datagram) : rest_(datagram) {}

    std::optional<MessageView> next();
    bool ok() const { return ok_; }

  private:
    Bytes rest_;
    bool ok_ = true;
};

struct Attribute {
    std::uint16_t type = 0;  // without the nested and byte order bits
    Bytes value;
};

// The attributes of a payload in order. A length that does not fit ends it with ok() = false.
class AttributeReader {
  public:
    explicit AttributeReader(Bytes payload) : rest_(payload) {}

    std::optional<Attribute> next();
    bool ok() const { return ok_; }

  private:
    Bytes rest_;
    bool ok_ = true;
};

// The attributes of a payload by type, up to kMaxType; of two with one type the last counts.
// A number is given only if the value has exactly its size.
class Attributes {
  public:
    static constexpr std::size_t kMaxType = 63;

    explicit Attributes(Bytes payload);

    bool ok() const { return ok_; }
    bool has(std::size_t type) const { return type <= kMaxType && present_[type]; }
    Bytes at(std::size_t type) const { return has(type) ? values_[type] : Bytes{}; }
    std::optional<std::uint8_t> u8(std::size_t type) const;
    std::optional<std::uint16_t> be16(std::size_t type) const;
    std::optional<std::uint32_t> be32(std::size_t type) const;
    std::optional<std::uint64_t> be64(std::size_t type) const;
    std::optional<std::uint32_t> host32(std::size_t type) const;
    // Text up to its first zero byte.
    std::string text(std::size_t type) const;

  private:
    std::array<Bytes, kMaxType + 1> values_{};
    std::array<bool, kMaxType + 1> present_{};
    bool ok_ = true;
};

// Numbers in host order at the head of bytes; 0 if there are too few.
std::uint16_t host16(Bytes bytes, std::size_t offset);
std::uint32_t host32(Bytes bytes, std::size_t offset);

// Builds one message. The sequence number is given by the socket that sends it.
class MessageWriter {
  public:
    MessageWriter(std::uint16_t type, std::uint16_t flags);

    // The family header, before the first attribute.
    void raw(Bytes bytes);
    void netfilter_header(std::uint8_t family, std::uint16_t resource = 0);

    void attribute(std::uint16_t type, Bytes value);
    void u8(std::uint16_t type, std::uint8_t value);
    void be16(std::uint16_t type, std::uint16_t value);
    void be32(std::uint16_t type, std::uint32_t value);
    void be64(std::uint16_t type, std::uint64_t value);
    void text(std::uint16_t type, std::string_view value);  // with a zero byte behind it
    // Opens a nested attribute; give the result to end().
    std::size_t begin(std::uint16_t type);
    void end(std::size_t begun);

    std::size_t size() const { return out_.size(); }
    // The finished message; empty if an attribute did not fit its 16 bit length.
    std::vector<std::uint8_t> take();

  private:
    void header(std::uint16_t type, std::size_t length);
    void pad();

    std::vector<std::uint8_t> out_;
    bool ok_ = true;
};

// Overwrites sequence number and adds flags to a finished message.
void stamp(std::vector<std::uint8_t>& message, std::uint32_t sequence, std::uint16_t more_flags);

}  // namespace gatehouse::kernel
