// SPDX-License-Identifier: GPL-2.0-or-later
//
// STUN over TCP (RFC 8489 6.2.2): the header says how long each message is, nothing else frames it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/stun/message.h"

namespace gatehouse::stun {

// How long the message is whose first bytes these are, as TCP carries them (RFC 8489 6.2.2):
// nothing while fewer than a header have come; refused where no message with a cookie and at most
// `limit` bytes begins.
Result<std::optional<std::size_t>, Defect> frame_length(Bytes start, std::size_t limit);

// Cuts a byte stream into messages. After an error it gives nothing more: close the connection.
class FrameReader {
  public:
    static constexpr std::size_t kLimit = 2048;  // a request or answer with kPaddingBytes fits

    // False when the stream is not STUN or runs more than kLimit ahead of next().
    bool feed(Bytes bytes);
    // The next whole message, not yet parsed.
    std::optional<std::vector<std::uint8_t>> next();
    bool ok() const { return ok_; }

  private:
    std::vector<std::uint8_t> buffer_;
    bool ok_ = true;
};

}  // namespace gatehouse::stun
