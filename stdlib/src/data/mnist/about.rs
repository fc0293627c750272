//! What is published of the sets.
//!
//! The SHA-256 are those of the table of checksums of TensorFlow Datasets. Those of Fashion-MNIST agree with
//! the MD5 that its authors publish and with the files of Debian's package, once the names and times that
//! Debian takes out of gzip's headers are put back.

/// A set in MNIST's four files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The name to show.
    pub name: &'static str,
    /// The folder in the cache.
    pub folder: &'static str,
    /// The folder that torchvision has it in.
    pub torchvision: &'static str,
    /// The names of the classes, by their labels.
    pub classes: [&'static str; 10],
    /// How many images there are to train with.
    pub n_train: usize,
    /// How many images there are to test with.
    pub n_test: usize,
    /// Rows and columns of an image.
    pub size: [usize; 2],
    /// Whose it is and on what terms.
    pub licence: &'static str,
    /// What to cite.
    pub citation: &'static str,
    /// The page of its authors.
    pub home: &'static str,
    /// Folders on the web that have the files, each ending in `/`.
    pub mirrors: &'static [&'static str],
    /// Images and labels to train with, images and labels to test with.
    pub files: [Remote; 4],
}

/// A file of a set as it is published, in gzip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its name without `.gz`.
    pub name: &'static str,
    /// Its size in gzip.
    pub bytes: u64,
    /// SHA-256 of it in gzip.
    pub sha256: &'static str,
}

pub(super) const MNIST: About = About {
    name: "MNIST",
    folder: "mnist",
    torchvision: "MNIST",
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    n_train: 60_000,
    n_test: 10_000,
    size: [28, 28],
    licence: "Yann LeCun and Corinna Cortes, CC BY-SA 3.0",
    citation: "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document \
               recognition. Proceedings of the IEEE 86(11), pages 2278-2324, 1998",
    home: "http://yann.lecun.com/exdb/mnist/",
    mirrors: &[
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    files: [
        Remote {
            name: "train-images-idx3-ubyte",
            bytes: 9_912_422,
            sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        },
        Remote {
            name: "train-labels-idx1-ubyte",
            bytes: 28_881,
            sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        },
        Remote {
            name: "t10k-images-idx3-ubyte",
            bytes: 1_648_877,
            sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        },
        Remote {
            name: "t10k-labels-idx1-ubyte",
            bytes: 4_542,
            sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ],
};

pub(super) const FASHION_MNIST: About = About {
    name: "Fashion-MNIST",
    folder: "fashion-mnist",
    torchvision: "FashionMNIST",
    classes: [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ],
    n_train: 60_000,
    n_test: 10_000,
    size: [28, 28],
    licence: "Zalando SE, MIT",
    citation: "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking \
               Machine Learning Algorithms. arXiv:1708.07747, 2017",
    home: "https://github.com/zalandoresearch/fashion-mnist",
    mirrors: &[
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
    files: [
        Remote {
            name: "train-images-idx3-ubyte",
            bytes: 26_421_880,
            sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        },
        Remote {
            name: "train-labels-idx1-ubyte",
            bytes: 29_515,
            sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        },
        Remote {
            name: "t10k-images-idx3-ubyte",
            bytes: 4_422_102,
            sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        },
        Remote {
            name: "t10k-labels-idx1-ubyte",
            bytes: 5_148,
            sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ],
};
