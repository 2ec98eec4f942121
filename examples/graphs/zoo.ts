/**
 * The animals of R. Forsyth, "Zoo", UCI Machine Learning Repository (1990), https://doi.org/10.24432/C5R59V, licence CC BY 4.0: 101 animals with 15 bits and a
 * number of legs, in 7 kinds. Here the legs are six more bits of which one is set.
 */

/** Name, 15 bits, legs, kind. */
const table = `
aardvark 100100111100001 4 mammal
antelope 100100011100101 4 mammal
bass 001001111001100 0 fish
bear 100100111100001 4 mammal
boar 100100111100101 4 mammal
buffalo 100100011100101 4 mammal
calf 100100011100111 4 mammal
carp 001001011001110 0 fish
catfish 001001111001100 0 fish
cavy 100100011100010 4 mammal
cheetah 100100111100101 4 mammal
chicken 011010001100110 2 bird
chub 001001111001100 0 fish
clam 001000100000000 0 invertebrate
crab 001001100000000 4 invertebrate
crayfish 001001100000000 6 invertebrate
crow 011010101100100 2 bird
deer 100100011100101 4 mammal
dogfish 001001111001101 0 fish
dolphin 000101111101101 0 mammal
dove 011010001100110 2 bird
duck 011011001100100 2 bird
elephant 100100011100101 4 mammal
flamingo 011010001100101 2 bird
flea 001000000100000 6 insect
frog 001001111100000 4 amphibian
frog 001001111110000 4 amphibian
fruitbat 100110011100100 2 mammal
giraffe 100100011100101 4 mammal
girl 100100111100011 2 mammal
gnat 001010000100000 6 insect
goat 100100011100111 4 mammal
gorilla 100100011100001 2 mammal
gull 011011101100100 2 bird
haddock 001001011001100 0 fish
hamster 100100011100110 4 mammal
hare 100100011100100 4 mammal
hawk 011010101100100 2 bird
herring 001001111001100 0 fish
honeybee 101010000110010 6 insect
housefly 101010000100000 6 insect
kiwi 011000101100100 2 bird
ladybird 001010100100000 6 insect
lark 011010001100100 2 bird
leopard 100100111100101 4 mammal
lion 100100111100101 4 mammal
lobster 001001100000000 6 invertebrate
lynx 100100111100101 4 mammal
mink 100101111100101 4 mammal
mole 100100111100100 4 mammal
mongoose 100100111100101 4 mammal
moth 101010000100000 6 insect
newt 001001111100100 4 amphibian
octopus 001001100000001 8 invertebrate
opossum 100100111100100 4 mammal
oryx 100100011100101 4 mammal
ostrich 011000001100101 2 bird
parakeet 011010001100110 2 bird
penguin 011001101100101 2 bird
pheasant 011010001100100 2 bird
pike 001001111001101 0 fish
piranha 001001111001100 0 fish
pitviper 001000111110100 0 reptile
platypus 101101101100101 4 mammal
polecat 100100111100101 4 mammal
pony 100100011100111 4 mammal
porpoise 000101111101101 0 mammal
puma 100100111100101 4 mammal
pussycat 100100111100111 4 mammal
raccoon 100100111100101 4 mammal
reindeer 100100011100111 4 mammal
rhea 011000101100101 2 bird
scorpion 000000100110100 8 invertebrate
seahorse 001001011001100 0 fish
seal 100101111101001 0 mammal
sealion 100101111101101 2 mammal
seasnake 000001111010100 0 reptile
seawasp 001001100010000 0 invertebrate
skimmer 011011101100100 2 bird
skua 011011101100100 2 bird
slowworm 001000111100100 0 reptile
slug 001000000100000 0 invertebrate
sole 001001011001100 0 fish
sparrow 011010001100100 2 bird
squirrel 100100011100100 2 mammal
starfish 001001100000000 5 invertebrate
stingray 001001111011101 0 fish
swan 011011001100101 2 bird
termite 001000000100000 6 insect
toad 001001011100000 4 amphibian
tortoise 001000001100101 4 reptile
tuatara 001000111100100 4 reptile
tuna 001001111001101 0 fish
vampire 100110011100100 2 mammal
vole 100100011100100 4 mammal
vulture 011010101100101 2 bird
wallaby 100100011100101 2 mammal
wasp 101010000110000 6 insect
wolf 100100111100101 4 mammal
worm 001000000100000 0 invertebrate
wren 011010001100100 2 bird
`;

const kinds = ['mammal', 'bird', 'reptile', 'fish', 'amphibian', 'insect', 'invertebrate'];
const legCounts = [0, 2, 4, 5, 6, 8];

/** What each bit says. */
export const attributes: readonly string[] = [
  ...['hair', 'feathers', 'eggs', 'milk', 'airborne', 'aquatic', 'predator', 'toothed', 'backbone', 'breathes'],
  ...['venomous', 'fins', 'tail', 'domestic', 'catsize'],
  ...legCounts.map((legs) => `${legs} legs`),
];

/** Number of kinds. */
export const KINDS = kinds.length;

/** The animals in the order of their names: bits and kind. */
export const animals: readonly { readonly name: string; readonly bits: readonly number[]; readonly kind: number }[] =
  table
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', bits = '', legs, kind = ''] = line.split(' ');
      return {
        name,
        bits: [...[...bits].map(Number), ...legCounts.map((count) => Number(count === Number(legs)))],
        kind: kinds.indexOf(kind),
      };
    });
