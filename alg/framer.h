// SPDX-License-Identifier: GPL-2.0-or-later
//
// One direction of a SIP connection over TCP (RFC 3261 18.3), cut into messages wherever its
// segments end. Rules it keeps:
//   - it is SIP from its first byte on, or it is not SIP for ever: nothing that a message of
//     another protocol carries is ever taken for one of SIP;
//   - every byte comes out once and in its order; line ends between messages, which keep
//     connections open (RFC 5626 3.5.1), come out at once;
//   - what cannot be cut for certain (no Content-Length, or two, a malformed header) or is longer
//     than the bounds passes from there on as it comes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "alg/reason.h"

namespace gatehouse::sip {

class Framer {
  public:
    static constexpr std::size_t kMostHead = 32768;
    static constexpr std::size_t kMostBody = 65536;
    static constexpr std::size_t kMostStart = 4096;  // bytes of a start line
    static constexpr std::size_t kMostMethod = 32;

    struct Piece {
        std::string_view text;  // until the next call
        bool message = false;   // a whole one; else bytes that pass
    };

    void add(std::string_view bytes);
    // What comes out next; nothing while more has to come first.
    std::optional<Piece> next();
    // From here on all passes; nothing where it does already.
    void give_up(Reason why);

    // Why all passes from here on.
    std::optional<Reason> raw() const { return raw_; }
    // Bytes that wait for the end of their message.
    std::size_t held() const { return buffer_.size() - begin_; }
    // At least one whole message came out.
    bool is_sip() const { return is_sip_; }

  private:
    std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }
    Piece take(std::size_t size, bool message);
    bool find_head();
    bool check_start();

    std::string buffer_;
    std::size_t begin_ = 0;    // of what has not come out
    std::size_t scanned_ = 0;  // behind begin_: no end of the header there
    std::size_t wanted_ = 0;   // bytes of this message; 0: not known yet
    bool started_ = false;     // its start line is one of SIP
    bool is_sip_ = false;
    std::optional<Reason> raw_;
};

}  // namespace gatehouse::sip
