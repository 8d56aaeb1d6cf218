// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reading and writing network bytes (big-endian). Both cursors keep a sticky error: read or write
// ten fields, then ask ok() once. After an error every read gives zero and every write is ignored,
// so nothing is ever read beyond the input or written beyond the limit.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse {

using Bytes = std::span<const std::uint8_t>;

// Which is first, byte by byte. Not every standard library can order arrays.
template <std::size_t N>
std::strong_ordering order_of(const std::array<std::uint8_t, N>& a,
                              const std::array<std::uint8_t, N>& b) {
    return std::memcmp(a.data(), b.data(), N) <=> 0;
}

class ByteReader {
  public:
    explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

    std::uint8_t u8();
    std::uint16_t u16();
    std::uint32_t u32();
    std::uint64_t u64();
    // The next n bytes as a view into the input; empty after an error.
    Bytes take(std::size_t n);
    void skip(std::size_t n) { take(n); }
    // Moves to an absolute offset of the input.
    void seek(std::size_t offset);
    // Copies exactly N bytes; zeros after an error.
    template <std::size_t N>
    std::array<std::uint8_t, N> array() {
        std::array<std::uint8_t, N> out{};
        const Bytes in = take(N);
        for (std::size_t i = 0; i < in.size(); ++i)
            out[i] = in[i];
        return out;
    }
    // All that is left, consumed.
    Bytes rest() { return take(remaining()); }
    void fail() { ok_ = false; }

    bool ok() const { return ok_; }
    std::size_t offset() const { return offset_; }
    std::size_t remaining() const { return ok_ ? bytes_.size() - offset_ : 0; }
    bool at_end() const { return remaining() == 0; }

  private:
    template <class T>
    T number();

    Bytes bytes_;
    std::size_t offset_ = 0;
    bool ok_ = true;
};

class ByteWriter {
  public:
    // Never grows beyond limit bytes.
    explicit ByteWriter(std::size_t limit = 65535) : limit_(limit) {}

    void u8(std::uint8_t value);
    void u16(std::uint16_t value);
    void u32(std::uint32_t value);
    void u64(std::uint64_t value);
    void bytes(Bytes value);
    void text(std::string_view value);
    void zeros(std::size_t n);
    // Overwrites two bytes that were written before (length fields).
    void patch_u16(std::size_t offset, std::uint16_t value);

    bool ok() const { return ok_; }
    std::size_t size() const { return out_.size(); }
    Bytes view() const { return out_; }
    // The bytes written, which leave the writer empty; nothing after an error.
    std::vector<std::uint8_t> take();

  private:
    bool room_for(std::size_t n);

    std::vector<std::uint8_t> out_;
    std::size_t limit_;
    bool ok_ = true;
};

// The bytes of a text and the other way round, without a copy.
Bytes as_bytes(std::string_view text);
std::string_view as_text(Bytes bytes);

// "0a:1b" and "0a 1b" and "0a1b" all give two bytes: colons and blanks may stand between bytes, not
// within one. Anything else gives nothing and ok = false.
std::vector<std::uint8_t> from_hex(std::string_view hex, bool& ok);
std::string to_hex(Bytes bytes);

}  // namespace gatehouse
