package keymat_test

import "github.com/useipsec/useipsec/ikev1/keymat"

// dhVector is one exchange: two private exponents, and the SHA-256 digests of what they give, which are shorter than the values
// and as good a proof.
type dhVector struct {
	name               string
	group              keymat.Group
	privI, privR       string
	pubI, pubR, shared string // SHA-256
}

// dhVectors are the known answers of strongSwan's test vectors.
var dhVectors = []dhVector{
	{
		name: "strongSwan", group: keymat.MODP768,
		privI:  "6091ffc6de28c1ccc7c65da611abfae86a1074b22243e3706cb6de2fe29d1142",
		privR:  "76e02fc3eabe6a0fced6c31e5945d167fad00200b4af12cd6fc6d7e381486278",
		pubI:   "e00157db2292fa7a18376eacb84cddaee1f431c70bb8513d46d11577f9d8df08",
		pubR:   "3d79d83c17390efb06e0c7cba97001aa751695357eaaa892af96ccb5a3ff681e",
		shared: "a3c5be42019fed39e937bd54c5604774ddb4ba8d6d3ec7a4632148ef559e7857",
	},
	{
		name: "strongSwan", group: keymat.MODP1024,
		privI:  "e53c205da0d8e4bfb4174944320fc6e4ea66fe44e3c931ac5da1450aea47ebcf",
		privR:  "7f9af721eb7cd2a900a36e399ebc5c65eecce6629c8e1c5a7ff33293645fd3e3",
		pubI:   "eddc65bb78659abde6e3803cf358ede4b6d3dbb16566a1dd8e2cc49164e478ed",
		pubR:   "7dcc6f3cb4f5cf5112c67df3d4d1bea6bfe346d74538e9eda4245d52789ed3f4",
		shared: "3f931be2b8bab51794ac83db93e3721994c52034d9adeb1aaeac44e1e7df2f60",
	},
	{
		name: "strongSwan", group: keymat.MODP1536,
		privI:  "22d9dcc73079936a858c07aa85ed07b3d1e8b670e7caafa192837696070fef29",
		privR:  "323474de7788e0036b309549560b000d81f82fdb6978f3c03b701680de6e2810",
		pubI:   "bf99ac6dcf33fe6747b9df54a051659b916d746b5eed8c1ebfc79b72a7b39244",
		pubR:   "711508cb5889e1b5ad60e9206cb8076be5293d9ebb58ac68b2f3374944df26f0",
		shared: "3aef946a97cdd02d8d648480b7c3632af819c201e6f83bc9302906d180a86628",
	},
	{
		name: "strongSwan", group: keymat.MODP2048,
		privI:  "af3bfd3862caa11774ce2b74840807c1de5cd6a7619bb3a0c7af39eedaa6eb89e2e9c144b3625b2731879cb58fa3766d",
		privR:  "77a48e4772e23e284ce4af81399dcd589beb7cefbcc9d196f06dcfdfc3a88e3b4c1c82befec0e64ba495ccde329936ce",
		pubI:   "b243f24c7feb0a382d7a596481dff904f6f4cf469e3285dd5407f7aba421cb1d",
		pubR:   "f6989c4cc9d1775045631633225479366b1e5ce747bf673f980d50bd536066b8",
		shared: "dce39a9f51cb46a6b59996d62c2a4c59dc6ee79aa47958d830df0fc8d61e2352",
	},
	{
		name: "strongSwan", group: keymat.MODP3072,
		privI:  "51f8aab663201eb286bad29932b2e58a9296bf2aa77879cc8c6429d5a668adf76057adc377cc75fd864796b8fa7b428c",
		privR:  "af7f44290baac8815e70759b6b274227122250ea8d5a12ef4b0a82cfe91d52989d96c1a840892a9ffa9f3a65c77c8cd9",
		pubI:   "faded4e033f6abf8f5675a5e94af4d7eb2e2d773c4a08ef52961469cedc291fe",
		pubR:   "3811328fa8ec2220595c3c305e713efa9d8cbbb9a4ed61ec0431110520d31102",
		shared: "b06adc6cf9e09cff9f8f595eb4e358f21a7ab69443a43ef5e2a433b82b1c7994",
	},
	{
		name: "strongSwan", group: keymat.MODP4096,
		privI: "ab69bce961f98aa9d591e3fd9abc46c80dde390284f19142e8815ab08054722bbd2e141e279ec7fd30aafaca664093731ecc75a2bd07e4a5" +
			"883f560893c83350",
		privR: "ef3ecb88f4f988f72acd5aa22ebebf190fde7e8e4d0d50ccde80f941b3bbd6a2f9a12aee9bb3e5c5803f67affe27c80d05469b5254eb1f32" +
			"6c18731fd34ac2cd",
		pubI:   "e89223af80ea1e95066ae13bccca96e4a0dc6b0fd527dcb9fbe14d43abdc8ca4",
		pubR:   "a89a18ebb8099b7dbeba39e48d933939aef3ec1a1b82fe9e1403351e94d583f8",
		shared: "0afc2b81c9c319fa8cb861fa9a77d7213e7fe29d5fb7bef0e9562a7e776bacfe",
	},
	{
		name: "strongSwan", group: keymat.MODP6144,
		privI: "ab36f0657c4fbadc2a3b07edd1c8afcb42afcd7ff91c57013725500d89429f34798f99f5de53d1088fd9f660a1a52be454f9634d15bb4e4c" +
			"e09e5a69e0f99d59",
		privR: "59a552a40d1780af6433bc9e8a9b6d4830ddd3575307409a90c92bda404bb799f0093efe21bead85f16a237b0590c3356d968cc09dcd5b2d" +
			"968607d6d1bf70c2",
		pubI:   "2958c482576e8880ca14b83b7bdac76133bd6f2daf4f2f11b6f4547499bff5c7",
		pubR:   "661991bc10a2b09cb0dfb171b5d080435c3ed3adf7513b5138859aae671f6b2a",
		shared: "3e94710916cc166b5ff88c0aa5b790b653604465ab8e291122c5368bb0d63ab7",
	},
	{
		name: "strongSwan", group: keymat.MODP8192,
		privI: "a648814745fe1ed1989b75ba6dd501e44e776dc997a0ae27376461b0ee796594c2e6db07e5f9d87d944d37012238e570af523a47f3e86e2a" +
			"4cd0db3a4940cf0b",
		privR: "d8f2b09f17be6f13645cb457be0aa80202e843f510d293f93255982f8987266179d601909570a3f9cc58508b62f88d64e0d059f1a2edead4" +
			"428204cc092a2d82",
		pubI:   "f28e28c5676e2ab0135c8b025942f485e3f0da6ac3382ef656b7f099c9041f18",
		pubR:   "2ca32e3f66f9c8986d4d3de54915a3811d67991831131db169fdb4e0e12868f6",
		shared: "ef628c529e5d2369c6b3fd09cdbba006e93838f2ba3f614a6092d0b38c5126b8",
	},
}

// cbcVectors are known answers of the ciphers.
var cbcVectors = []struct {
	name                   string
	cipher                 string
	key, iv, plain, sealed string
}{
	{
		name: "NESSIE DES 56 bit: set 8, vector #0", cipher: "des-cbc",
		key:    "0001020304050607",
		iv:     "0000000000000000",
		plain:  "41ad068548809d02",
		sealed: "0011223344556677",
	},
	{
		name: "NESSIE DES 56 bit: set 8, vector #1", cipher: "des-cbc",
		key:    "2bd6459f82c5b300",
		iv:     "0000000000000000",
		plain:  "b10f843097a0f932",
		sealed: "ea024714ad5c4d84",
	},
	{
		name: "Example 1 from NIST 3DES MMT", cipher: "3des-cbc",
		key:    "627f460e08104a1043cd265d5840eaf1313edf97df2a8a8c",
		iv:     "8e29f75ea77e5475",
		plain:  "326a494cd33fe756",
		sealed: "b22b8d66de970692",
	},
	{
		name: "Example 2 from NIST 3DES MMT", cipher: "3des-cbc",
		key:    "37ae5ebf46dff2dc0754b94f31cbb3855e7fd36dc870bfae",
		iv:     "3d1de3cc132e3b65",
		plain:  "84401f78fe6c10876d8ea23094ea5309",
		sealed: "7b1f7c7e3b1c948ebd04a75ffba7d2f5",
	},
	{
		name: "RFC 3602 test 1", cipher: "aes128-cbc",
		key:    "06a9214036b8a15b512e03d534120006",
		iv:     "3dafba429d9eb430b422da802c9fac41",
		plain:  "53696e676c6520626c6f636b206d7367",
		sealed: "e353779c1079aeb82708942dbe77181a",
	},
	{
		name: "RFC 3602 test 2", cipher: "aes128-cbc",
		key:    "c286696d887c9aa0611bbb3e2025a45a",
		iv:     "562e17996d093d28ddb3ba695a2e6f58",
		plain:  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		sealed: "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1",
	},
	{
		name: "RFC 3602 test 3", cipher: "aes128-cbc",
		key: "56e47a38c5598974bc46903dba290349",
		iv:  "8ce82eefbea0da3c44699ed7db51b7d9",
		plain: "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7" +
			"d8d9dadbdcdddedf",
		sealed: "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d" +
			"49a53e87f4c3da55",
	},
	{
		name: "test F.2.1 of NIST SP 800-38A 2001", cipher: "aes128-cbc",
		key: "2b7e151628aed2a6abf7158809cf4f3c",
		iv:  "000102030405060708090a0b0c0d0e0f",
		plain: "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17" +
			"ad2b417be66c3710",
		sealed: "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09" +
			"120eca307586e1a7",
	},
	{
		name: "test F.2.3 of NIST SP 800-38A 2001", cipher: "aes192-cbc",
		key: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
		iv:  "000102030405060708090a0b0c0d0e0f",
		plain: "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17" +
			"ad2b417be66c3710",
		sealed: "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a571b242012fb7ae07fa9baac3df102e008b0e27988598881" +
			"d920a9e64f5615cd",
	},
	{
		name: "test F.2.5 of NIST SP 800-38A 2001", cipher: "aes256-cbc",
		key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
		iv:  "000102030405060708090a0b0c0d0e0f",
		plain: "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17" +
			"ad2b417be66c3710",
		sealed: "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fc" +
			"da6c19078c6a9d1b",
	},
	{
		name: "Eric Young's test of Blowfish", cipher: "blowfish128-cbc",
		key:    "0123456789abcdeff0e1d2c3b4a59687",
		iv:     "fedcba9876543210",
		plain:  "37363534333231204e6f77206973207468652074696d6520666f722000000000",
		sealed: "6b77b4d63006dee605b156e27403979358deb9e7154616d959f1652bd5ff92cc",
	},
	{
		name: "Chilkat's test of Blowfish", cipher: "blowfish256-cbc",
		key:    "313233343536373839303132333435364142434445464748494a4b4c4d4e4f50",
		iv:     "3132333435363738",
		plain:  "54686520717569636b2062726f776e20666f78206a756d706564206f76657220746865206c617a7920646f6700000000",
		sealed: "276855ca6c0d60f7d9708210440c1072e05d078e733b34b4198d609dc2fcc2f0c30926cdef3b6d52baf6e345aa03f83e",
	},
	{
		name: "OpenSSL with the shortest key", cipher: "blowfish40-cbc",
		key:    "1011121314",
		iv:     "a0a1a2a3a4a5a6a7",
		plain:  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627",
		sealed: "8a2f115a286ffba52691b26f4c33c840f1a5dbdd2be6d8383644f301ca83cf8f8809709cb52417f5",
	},
	{
		name: "OpenSSL with the longest key, which is the default", cipher: "blowfish-cbc",
		key:    "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f4041424344454647",
		iv:     "a0a1a2a3a4a5a6a7",
		plain:  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627",
		sealed: "6916de9a3b2f3427f3ed88c5f567dce52c5a447ccb3fcbc1b199b074ff3cc5ee354cb596f640459c",
	},
	{
		name: "RFC 2144 B.1", cipher: "cast128-cbc",
		key:    "0123456712345678234567893456789a",
		iv:     "0000000000000000",
		plain:  "0123456789abcdef",
		sealed: "238b4fe5847e44b2",
	},
	{
		name: "OpenSSL", cipher: "cast-cbc",
		key:    "101112131415161718191a1b1c1d1e1f",
		iv:     "a0a1a2a3a4a5a6a7",
		plain:  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627",
		sealed: "150da8723fa886e61648bb367a16eb44ce03cae4d8e18bc2c6046dbd2b786b5797fbb3c1be5971c2",
	},
}
