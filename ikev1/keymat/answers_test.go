package keymat_test

import "github.com/useipsec/useipsec/ikev1/keymat"

// Answers of an independent implementation (Python's hmac and hashlib) for the parts nobody publishes vectors of. The inputs
// are those of madeUp; its g^xy begins with two zero octets, which belong to it.

var expansions = []struct {
	cipher, hash   string
	skeyE, key, iv string
}{
	{
		cipher: "des-cbc", hash: "md5",
		skeyE: "10f24afcb13cf5738e82f492de1ae4ef",
		key:   "10f24afcb13cf573", iv: "75fa55a9ce044068",
	},
	{
		cipher: "des-cbc", hash: "sha1",
		skeyE: "807bc15b1f133f598c8a47a53358b471f9a27fc3",
		key:   "807bc15b1f133f59", iv: "e29d7cef1b91ca5c",
	},
	{
		cipher: "3des-cbc", hash: "md5",
		skeyE: "10f24afcb13cf5738e82f492de1ae4ef",
		key:   "b495fff49b1d631cf5a2151a152bdea873305c6b2e70c720", iv: "75fa55a9ce044068",
	},
	{
		cipher: "3des-cbc", hash: "sha1",
		skeyE: "807bc15b1f133f598c8a47a53358b471f9a27fc3",
		key:   "8e2699613422fa92d1319ef08dfa3f57def8176f7f763878", iv: "e29d7cef1b91ca5c",
	},
	{
		cipher: "3des-cbc", hash: "sha256",
		skeyE: "c5bab3e8cddd603f717b66e36b0ad61f670300b4011ceb12fdbb4d7b4b7a1afd",
		key:   "c5bab3e8cddd603f717b66e36b0ad61f670300b4011ceb12", iv: "9caba44c3f4d9d6c",
	},
	{
		cipher: "aes128-cbc", hash: "md5",
		skeyE: "10f24afcb13cf5738e82f492de1ae4ef",
		key:   "10f24afcb13cf5738e82f492de1ae4ef", iv: "75fa55a9ce044068419709e377de1694",
	},
	{
		cipher: "aes192-cbc", hash: "sha1",
		skeyE: "807bc15b1f133f598c8a47a53358b471f9a27fc3",
		key:   "8e2699613422fa92d1319ef08dfa3f57def8176f7f763878", iv: "e29d7cef1b91ca5ce08c3187401d27a8",
	},
	{
		cipher: "aes256-cbc", hash: "md5",
		skeyE: "10f24afcb13cf5738e82f492de1ae4ef",
		key:   "b495fff49b1d631cf5a2151a152bdea873305c6b2e70c72001787867c304b47e", iv: "75fa55a9ce044068419709e377de1694",
	},
	{
		cipher: "aes256-cbc", hash: "sha1",
		skeyE: "807bc15b1f133f598c8a47a53358b471f9a27fc3",
		key:   "8e2699613422fa92d1319ef08dfa3f57def8176f7f76387870c131b60ac1ae60", iv: "e29d7cef1b91ca5ce08c3187401d27a8",
	},
	{
		cipher: "aes256-cbc", hash: "sha256",
		skeyE: "c5bab3e8cddd603f717b66e36b0ad61f670300b4011ceb12fdbb4d7b4b7a1afd",
		key:   "c5bab3e8cddd603f717b66e36b0ad61f670300b4011ceb12fdbb4d7b4b7a1afd", iv: "9caba44c3f4d9d6c332a42dab8f1db00",
	},
	{
		cipher: "aes256-cbc", hash: "sha512",
		skeyE: "c8b7621edbd3a4c814a33c953d0692e97554fe7f8485d06fbf69bb0f8f47bc898d5046ca0f21825c8ecd9323660816729d89981a01e1e617" +
			"ce22d7eea7b78031",
		key: "c8b7621edbd3a4c814a33c953d0692e97554fe7f8485d06fbf69bb0f8f47bc89", iv: "f3949a9f46cbdfd39d2f73ac882938b7",
	},
	{
		cipher: "blowfish-cbc", hash: "md5",
		skeyE: "10f24afcb13cf5738e82f492de1ae4ef",
		key:   "b495fff49b1d631cf5a2151a152bdea873305c6b2e70c72001787867c304b47ee4eb836db5429b25ea2e641803a5f5c849e73ab5e978372a",
		iv:    "75fa55a9ce044068",
	},
	{
		cipher: "blowfish-cbc", hash: "sha1",
		skeyE: "807bc15b1f133f598c8a47a53358b471f9a27fc3",
		key:   "8e2699613422fa92d1319ef08dfa3f57def8176f7f76387870c131b60ac1ae60019a1f478f4befd975b2416e9a5b4c84c663b33556d9f762",
		iv:    "e29d7cef1b91ca5c",
	},
	{
		cipher: "blowfish128-cbc", hash: "sha1",
		skeyE: "807bc15b1f133f598c8a47a53358b471f9a27fc3",
		key:   "807bc15b1f133f598c8a47a53358b471", iv: "e29d7cef1b91ca5c",
	},
	{
		cipher: "blowfish256-cbc", hash: "sha1",
		skeyE: "807bc15b1f133f598c8a47a53358b471f9a27fc3",
		key:   "8e2699613422fa92d1319ef08dfa3f57def8176f7f76387870c131b60ac1ae60", iv: "e29d7cef1b91ca5c",
	},
	{
		cipher: "cast128-cbc", hash: "md5",
		skeyE: "10f24afcb13cf5738e82f492de1ae4ef",
		key:   "10f24afcb13cf5738e82f492de1ae4ef", iv: "75fa55a9ce044068",
	},
	{
		cipher: "cast-cbc", hash: "sha256",
		skeyE: "c5bab3e8cddd603f717b66e36b0ad61f670300b4011ceb12fdbb4d7b4b7a1afd",
		key:   "c5bab3e8cddd603f717b66e36b0ad61f", iv: "9caba44c3f4d9d6c",
	},
}

var keymats = []struct {
	name     string
	hash     keymat.Hash
	pfs      bool
	protocol uint8
	n        int
	want     string
}{
	{
		name: "one octet", hash: keymat.SHA1, pfs: false, protocol: 3, n: 1,
		want: "89",
	},
	{
		name: "one block", hash: keymat.SHA1, pfs: false, protocol: 3, n: 20,
		want: "8943b7cb7c15a90e52f01b5c584bda16eff903ce",
	},
	{
		name: "aes128-cbc with hmac-sha1-96", hash: keymat.SHA1, pfs: false, protocol: 3, n: 36,
		want: "8943b7cb7c15a90e52f01b5c584bda16eff903ceec0854259d3425cbcf28128a2656ba23",
	},
	{
		name: "AH with hmac-md5-96", hash: keymat.MD5, pfs: false, protocol: 2, n: 16,
		want: "8b44f85d83c491394708d5e6147fa669",
	},
	{
		name: "3des-cbc with hmac-md5-96", hash: keymat.MD5, pfs: false, protocol: 3, n: 40,
		want: "f4027358fd46dd91ee03e6ffcd2bc819795b76d39c71d7a8271c43a462317f80eeca20a190005f31",
	},
	{
		name: "pfs", hash: keymat.SHA1, pfs: true, protocol: 3, n: 36,
		want: "96caa129b1c9bd02198455e232a868c6381627377ab08f51ff5639102405bfe0b8c9c634",
	},
	{
		name: "pfs, three blocks", hash: keymat.SHA256, pfs: true, protocol: 3, n: 96,
		want: "bca04c3a907e8c5872ca1155288bc6ada2dee105462f162186253b45d565197f288fe491577edc603c02d9cd2ecb2d7e24092846af78401b" +
			"404186c4c4f2b0bebb8e0de7ed2f2f76ce34217c2597c6332d4644586bf77fbabcf94dbc60786cb6",
	},
	{
		name: "four blocks", hash: keymat.SHA384, pfs: false, protocol: 3, n: 192,
		want: "47a43e9d589ae8b01bb6ee1d1af3cb33c765abe7bbf4807d3556ddb7eac5b9eba91d16a58275ca47dc23849de42501bd362cb6cd267f5159" +
			"070d9a96ae68940385530f0943dfc13372aa429a1e4bfb69c5ce1cbe5f5b8f541bc8a80081997c3911213f8e65ac6062e06cfc18d9b0bcf4" +
			"d30329d2933d33b1950f4fd04e35c2a346d6c9ebb28d728cafb5d851065e02d16c297aec6e3b317401b9f19bfa1daef54fbb14f6cdd1d1e6" +
			"06f675604e9552e8e2168346e3655c2604ff030eb6b3e695",
	},
}

var quickHashes = []struct {
	hash                keymat.Hash
	hash1, hash2, hash3 string
	iv                  string // of AES
}{
	{
		hash:  keymat.MD5,
		hash1: "2d57e22a25bee49d8e796a1818356cdc",
		hash2: "b9299431604bf579f12d8a7d53ff67c9",
		hash3: "800f12984a10390cf0b9891d20a2d47c",
		iv:    "569b13418631d56d65e37d4144942e63",
	},
	{
		hash:  keymat.SHA1,
		hash1: "e718e7c546d480db54dc2daf64d3c67a6ae4f542",
		hash2: "a5006a862022c845eccd6c3c25b2268670f5dfe6",
		hash3: "f6bd40a8a0f9c6f23806efba444fa7e8a85961bd",
		iv:    "18764fa32271f355a94b01905987cf5e",
	},
	{
		hash:  keymat.SHA256,
		hash1: "0898456d273e3616f324143a8899c5e3ea53749e6f6301874657e97817b25e31",
		hash2: "c490fb882bb338de2b6b427bcb6e194d90eda57fb18f443ba1c24355231044a0",
		hash3: "8ad0be2cdba1ca3b4fc404c44f5ed97336a4b223ac5fbb801dc52c49ec1585da",
		iv:    "f994eccd850d680494ebac25f4bd10b0",
	},
	{
		hash:  keymat.SHA384,
		hash1: "59533d9c24088d4b7ef7f7670cd7ed7fe3efceada086fda3f290fd91fdfb3cd936f9bf33c5c97b1d9dd6d4ab1e82aeb3",
		hash2: "79f5b82c1417059c57b9f0219883b857d5d62c3cfb5276214804ac4944e9b6e371c52dda08bbab31829a855263135f4e",
		hash3: "949fe6096a351c9dc9e20065824cfdf8f70952978cf8d92958884c0ad48fbbdbe3e2efb44b7f80f962468b7e71cbaddc",
		iv:    "3bb2ffdd3a2546ebd43316b3ffc7450e",
	},
	{
		hash: keymat.SHA512,
		hash1: "d06d2c909f862707f7e525a516efeda5e22c30f8beda088da7765e51e1070df6aafc64a33a3f815077ba19ee2a6c53d681362ca3ee7a5787" +
			"631d12b7fe0eb859",
		hash2: "3d09c16694ccc575e0e68e9ff3637fc0ffe9fb61ff508d7e06fb06428fb41aaa44dcc759cf3e4edc916b78ee9a4654725e983a7b6a9d1ae7" +
			"35446836fa5d9861",
		hash3: "e3c4ccf41bc1442d23ccd18f85c28b267bdc4cd0b5098d1aef58ae45e14057873abe9a485879f413ad8b1a353e657d3645e51d044db861cc" +
			"9dab4afbbee62c38",
		iv: "3a39b50c3f00ddebfa6b7e612ecfe0e1",
	},
}
