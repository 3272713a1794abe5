//! Size classes: the sizes of cell that a block can be cut into.
//!
//! Up to 256 bytes there is a class for every multiple of 8, numbered by the multiple, so that compiled code computes
//! the class of an object of known size by a division and wastes nothing on a table (40 bytes) or a cell with three
//! values (32). Above, classes are the multiples of 64 that cut a block into a whole number of cells with little left over; none
//! wastes more than a quarter of a cell. What is larger than the largest class gets blocks of its own ([`super::space`]).
//!
//! **Invariant:** no cell is smaller than [`GRANULE`](super::chunk::GRANULE), so no two objects share a bit of a bitmap, although cells start at
//! multiples of 8 only.

/// Up to this many bytes, the class is the size divided by 8.
pub const FINE_LIMIT: usize = 256;
/// The largest object that lies in a cell.
pub const CELL_LIMIT: usize = 16384;

/// Cell sizes above [`FINE_LIMIT`].
const COARSE: [usize; 27] = [
    320, 384, 448, 512, 576, 640, 704, 768, 832, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3264, 4096,
    4672, 5440, 6528, 8192, 10880, 16384,
];
const FIRST_COARSE: usize = FINE_LIMIT / 8 + 1;

/// The number of classes. The first two are never used.
pub const CLASSES: usize = FIRST_COARSE + COARSE.len();

/// Cell size of each class.
pub const CLASS_BYTES: [u16; CLASSES] = {
    let mut bytes = [0; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        bytes[class] = if class < FIRST_COARSE { class * 8 } else { COARSE[class - FIRST_COARSE] } as u16;
        class += 1;
    }
    bytes
};

/// For sizes above [`FINE_LIMIT`]: the class by the size in units of 64, rounded up.
const BY_64: [u8; CELL_LIMIT / 64 + 1] = {
    let mut table = [0; CELL_LIMIT / 64 + 1];
    let mut units = 0;
    let mut class = FIRST_COARSE;
    while units < table.len() {
        if units * 64 > CLASS_BYTES[class] as usize {
            class += 1;
        }
        table[units] = class as u8;
        units += 1;
    }
    table
};

/// The class whose cells hold an object of this size, which is at most [`CELL_LIMIT`].
#[inline(always)]
pub const fn class_of(bytes: usize) -> usize {
    if bytes <= FINE_LIMIT {
        let class = bytes.div_ceil(8);
        if class < 2 { 2 } else { class }
    } else {
        BY_64[bytes.div_ceil(64)] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_fits_its_class_and_not_the_one_below() {
        for bytes in 1..=CELL_LIMIT {
            let class = class_of(bytes);
            assert!(CLASS_BYTES[class] as usize >= bytes);
            assert!(class == 2 || (CLASS_BYTES[class - 1] as usize) < bytes, "{bytes}");
        }
    }

    #[test]
    fn blocks_are_cut_without_much_waste() {
        for &bytes in &CLASS_BYTES[2..] {
            let left_over = crate::gc::chunk::BLOCK_BYTES % bytes as usize;
            assert!(left_over <= 1024, "{bytes}: {left_over}");
            assert_eq!(bytes % 8, 0);
        }
    }
}
