// SPDX-License-Identifier: GPL-2.0-or-later
//
// Empty: tests/CMakeLists.txt compiles the headers beside it.
