// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/latch.h"

#include <algorithm>

namespace gatehouse::sip {

namespace {

bool is_near(Ip4 a, Ip4 b) {
    return (a.value ^ b.value) >> 8U == 0;
}

}  // namespace

void Latch::learn(Instant now) {
    if (remote_ && locked_) before_ = *remote_;
    remote_.reset();
    locked_ = false;
    candidate_ = {};
    until_ = now + (peer_->usable ? kSilentPeer : kLongest);
}

// What was before says nothing of who speaks from now on.
void Latch::begin_look(Instant now) {
    look_ = now;
    listens_ = false;
}

void Latch::describe(const MediaPeer& peer, Instant now) {
    const bool changed = !peer_ || peer_->said != peer.said;
    peer_ = peer;
    if (changed && peer.usable) {
        auto* const same = std::find(said_.begin(), said_.end() - 1, peer.said.address);
        std::rotate(said_.begin(), same, same + 1);
        said_.front() = peer.said.address;
    }
    if (!peer.answered && said_[1] != Ip4{}) {
        remote_.reset();
        look_.reset();
    } else if (changed && peer.usable) {
        if (remote_ && locked_) before_ = *remote_;
        remote_ = peer.said.address;
        locked_ = false;
        begin_look(now);
    } else if (changed || (!look_ && (!remote_ || !(locked_ || peer.usable)))) {
        learn(now);
        begin_look(now);
    } else if (!look_ && peer.talks) {
        begin_look(now);
    }
}

Latch::Rank Latch::rank(Ip4 address) const {
    if (peer_->usable && address == peer_->said.address) return Rank::said;
    if (std::find(said_.begin(), said_.end(), address) != said_.end()) return Rank::said_before;
    if (peer_->usable && is_near(address, peer_->said.address)) return Rank::near_said;
    if (address == peer_->contact) return Rank::contact;
    if (address == peer_->signalling) return Rank::signalling;
    if (address == before_) return Rank::before;
    return is_near(address, peer_->signalling) ? Rank::near_signalling : Rank::other;
}

void Latch::hear(Ip4 address) {
    if (!peer_) return;
    if (address == remote_) remote_heard_ = true;
    const Rank rank = this->rank(address);
    if (rank == Rank::other && peer_->usable) return;
    // Among strangers the one of the look before.
    const bool better = best_ == Ip4{} || rank < rank_ || (rank == rank_ && address == candidate_);
    if (!better) return;
    best_ = address;
    rank_ = rank;
}

void Latch::decide(Instant now) {
    if (peer_ && look_ && !listens_) {
        listens_ = true;
        look_ = now + kLook;
    } else if (peer_ && look_) {
        look_.reset();
        const bool found = best_ != Ip4{} && (rank_ != Rank::other || best_ == candidate_);
        if (remote_ && remote_heard_) {
            locked_ = true;
        } else if (remote_) {
            if (peer_->talks) {
                learn(now);
                look_ = now + kLook;
            }
        } else if (found) {
            remote_ = best_;
            locked_ = true;
        } else if (until_ <= now) {
            remote_ = peer_->usable ? peer_->said.address : peer_->signalling;
        } else {
            candidate_ = best_;
            look_ = now + kLook;
        }
    }
    best_ = {};
    remote_heard_ = false;
}

}  // namespace gatehouse::sip
