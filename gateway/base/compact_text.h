// SPDX-License-Identifier: GPL-2.0-or-later
//
// A text that thousands of records hold: 16 bytes, and nothing besides where it has 15 or less.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse {

class CompactText {
  public:
    static constexpr std::size_t kInside = 15;

    CompactText() = default;
    CompactText(std::string_view text);  // up to 4 GiB
    CompactText(const std::string& text) : CompactText(std::string_view(text)) {}
    CompactText(const char* text) : CompactText(std::string_view(text)) {}
    CompactText(const CompactText& other) : CompactText(other.view()) {}
    CompactText(CompactText&& other) noexcept { swap(other); }
    CompactText& operator=(const CompactText& other) {
        CompactText copy(other);
        swap(copy);
        return *this;
    }
    CompactText& operator=(CompactText&& other) noexcept {
        swap(other);
        return *this;
    }
    ~CompactText() {
        if (size_ == kOutside) delete[] outside().first;
    }

    std::string_view view() const {
        if (size_ != kOutside) return {bytes_.data(), size_};
        const auto [text, size] = outside();
        return {text, size};
    }
    operator std::string_view() const { return view(); }
    bool empty() const { return size_ == 0; }
    void swap(CompactText& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
    }

    friend bool operator==(const CompactText& a, const CompactText& b) {
        return a.view() == b.view();
    }
    friend bool operator==(const CompactText& a, std::string_view b) { return a.view() == b; }
    friend bool operator==(const CompactText& a, const std::string& b) { return a.view() == b; }
    friend bool operator==(const CompactText& a, const char* b) { return a.view() == b; }

  private:
    static constexpr std::uint8_t kOutside = 0xff;
    using Outside = std::pair<char*, std::uint32_t>;

    // What bytes_ hold of a text that is outside: where it is, and how long.
    Outside outside() const {
        Outside out;
        std::memcpy(&out.first, bytes_.data(), sizeof out.first);
        std::memcpy(&out.second, bytes_.data() + sizeof out.first, sizeof out.second);
        return out;
    }

    std::array<char, kInside> bytes_{};
    std::uint8_t size_ = 0;
};

}  // namespace gatehouse
