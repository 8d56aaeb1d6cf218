// SPDX-License-Identifier: GPL-2.0-or-later
//
// Many inside endpoints at once, for tests of what must not happen to any of them, and the proof
// that the daemon and the kernel agree about them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/lab/support/capture.h"
#include "tests/lab/support/house.h"
#include "tests/lab/support/router.h"
#include "tests/lab/support/sockets.h"

namespace gatehouse::lab {

// UDP endpoints of all devices, numbered, and how a server sees each.
class Crowd {
  public:
    using Faces = std::map<std::size_t, std::string>;

    Crowd(const House& house, std::size_t size, int first_port);

    // Each says its number.
    void speak(const UdpSocket& server) const;
    // What the server hears of those who speak now; whoever is not heard speaks again for a while.
    Faces faces(const UdpSocket& server, Duration limit = 5s) const;

  private:
    std::vector<UdpSocket> sockets_;
};

// The different ones.
std::set<std::string> values(const Crowd::Faces& faces);

// "inside outside" of each UDP mapping and forward: as the daemon lists them, and as the kernel
// holds them.
std::set<std::string> mappings_listed(const Router& router);
std::set<std::string> mappings_in_kernel(const Host& router);
// Whether, soon, the kernel holds mappings, and none that the daemon does not list.
Verdict memory_and_kernel_agree(const Router& router);
// Nothing has left with an inside address.
Verdict leaked_nothing(const Capture& outside);

struct Flood {
    std::string to = "11.0.0.3";
    int first_port = 10000;   // of the pc, and so on; or always this one, where ports of the
    bool one_source = false;  // destination count up instead
    int count = 1000;
};

// Single packets of the pc, faster than sockets could be made.
void flood(const House& house, const Flood& flood);

}  // namespace gatehouse::lab
