// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/framing.h"

namespace gatehouse::stun {

Result<std::optional<std::size_t>, Defect> frame_length(Bytes start, std::size_t limit) {
    if (start.size() < kHeaderBytes) return std::optional<std::size_t>{};
    ByteReader in(start);
    if ((in.u16() & 0xc000U) != 0) return fail(Defect::not_stun);
    const std::size_t length = in.u16();
    if (in.u32() != kMagicCookie) return fail(Defect::not_stun);
    if (length % 4 != 0) return fail(Defect::bad_length);
    if (kHeaderBytes + length > limit) return fail(Defect::too_long);
    return std::optional<std::size_t>{kHeaderBytes + length};
}

bool FrameReader::feed(Bytes bytes) {
    if (!ok_) return false;
    if (bytes.size() > 2 * kLimit - buffer_.size()) {
        ok_ = false;
        return false;
    }
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    ok_ = frame_length(buffer_, kLimit).ok();
    return ok_;
}

std::optional<std::vector<std::uint8_t>> FrameReader::next() {
    if (!ok_) return std::nullopt;
    const auto length = frame_length(buffer_, kLimit);
    ok_ = length.ok();
    if (!ok_ || !*length || **length > buffer_.size()) return std::nullopt;
    const auto end = buffer_.begin() + static_cast<std::ptrdiff_t>(**length);
    std::vector<std::uint8_t> frame(buffer_.begin(), end);
    buffer_.erase(buffer_.begin(), end);
    return frame;
}

}  // namespace gatehouse::stun
