// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who may send to a stream of media. What a peer says of itself is often not where its media come
// from: a phone behind the NAT of another house names an inside address, 0.0.0.0 or a name. Then it
// is learned from the sessions that the kernel has (RFC 7362 5, with the bounds of RFC 7362 4):
//   - until the peer has described itself, and while several do before one has answered, the stream
//     is open to everybody;
//   - a usable address is let in alone, at once. If it is silent for kLook in a call in which it
//     should speak, the stream is learned for kSilentPeer, and is that address's again if nobody
//     better is heard;
//   - else the stream is learned: open to everybody, for kLongest at the most and beginning with
//     the description. There is a look at once, by which the next one tells who has spoken
//     meanwhile (listener.h), and one every kLook from then on. It is locked to the best one: the
//     address that was said last, one said before, one in the same /24, that of the Contact, that
//     of the peer of the signalling, the one that it was locked to before, one in the /24 of the
//     signalling peer; at last, and only where no usable address was said, anybody who speaks at
//     two looks in a row. So whoever was named wins over a stranger that spoke first;
//   - if nobody was heard, the peer of the signalling alone is let in from then on;
//   - once locked it stays so. A description that says the same as before begins with a look at
//     whether the one is still heard, another one from the beginning.
// What others have in the kernel from the time in which it was open is ended when it is locked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace gatehouse::sip {

// What is known of the other end of a stream.
struct MediaPeer {
    Endpoint4 said;       // in its description; zero: nothing in IPv4
    bool usable = false;  // and could be where its media come from
    Ip4 contact;          // zero: unknown
    Ip4 signalling;
    bool answered = false;  // the call is established
    bool talks = false;     // and nobody has put it on hold
};

class Latch {
  public:
    static constexpr Duration kLook = 3s;
    static constexpr Duration kLongest = 30s;
    static constexpr Duration kSilentPeer = 6s;
    static constexpr std::size_t kMostSaid = 4;

    // The peer has described itself, or its call was answered.
    void describe(const MediaPeer& peer, Instant now);
    // Everybody may come, until the next description.
    void open() { *this = Latch(); }
    // Somebody who has spoken since the look before, and the end of a look.
    void hear(Ip4 address);
    void decide(Instant now);
    // Whether the address has to do with what was said, so that it is no stranger.
    bool is_named(Ip4 address) const { return peer_ && rank(address) != Rank::other; }
    // No answer to a look comes sooner than that it is asked for again.
    void asked(Instant now) { look_ = now + kLook; }

    // Who is let in; nothing: everybody.
    std::optional<Ip4> remote() const { return remote_; }
    std::optional<Instant> look() const { return look_; }

  private:
    enum class Rank : std::uint8_t {
        said,
        said_before,
        near_said,
        contact,
        signalling,
        before,
        near_signalling,
        other,
    };

    Rank rank(Ip4 address) const;
    void learn(Instant now);
    void begin_look(Instant now);

    // An address that is zero is none.
    std::optional<MediaPeer> peer_;
    std::array<Ip4, kMostSaid> said_{};  // the usable ones, the last one first
    std::optional<Ip4> remote_;
    Ip4 before_;           // that it was locked to
    bool locked_ = false;  // to one that was heard
    std::optional<Instant> look_;
    bool listens_ = false;  // there was a look that the next one is compared with
    Instant until_;
    Ip4 candidate_;  // of the look before
    // Of this look.
    Ip4 best_;
    Rank rank_ = Rank::other;
    bool remote_heard_ = false;
};

}  // namespace gatehouse::sip
