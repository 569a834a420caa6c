// SPDX-License-Identifier: GPL-2.0-only
/* A driver whose device fills a buffer that programs map. Copy it for a device of yours. */
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <lend/lend.h>

static struct file *buffer;
static struct lend_dma *dma;

/* Whoever has the driver's file open holds the buffer: the device may go before. */
static int skeleton_open(struct inode *inode, struct file *file)
{
	file->private_data = get_file(buffer);
	return 0;
}

static int skeleton_release(struct inode *inode, struct file *file)
{
	fput(file->private_data);
	return 0;
}

static int skeleton_mmap(struct file *file, struct vm_area_struct *vma)
{
	return lend_mmap(file->private_data, vma);
}

static const struct file_operations skeleton_fops = {
	.owner = THIS_MODULE, .open = skeleton_open, .release = skeleton_release,
	.mmap = skeleton_mmap, .get_unmapped_area = lend_get_unmapped_area,
};

static struct miscdevice skeleton = {
	.minor = MISC_DYNAMIC_MINOR, .name = "skeleton", .fops = &skeleton_fops,
};

static int skeleton_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct lend_params params = { .name = "skeleton", .size = SZ_4M, .dev = &pdev->dev };
	struct file *made;
	int err;

	if (buffer)	/* for more than one device: pci_set_drvdata() */
		return -EBUSY;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32)) ?: pcim_enable_device(pdev);
	if (err)
		return err;
	made = lend_alloc(&params);
	if (IS_ERR(made))
		return PTR_ERR(made);
	buffer = made;
	dma = lend_dma_map(buffer, &pdev->dev, DMA_FROM_DEVICE);
	/* Here the device is told what lend_dma_address(dma, ...) says. */
	err = IS_ERR(dma) ? PTR_ERR(dma) : misc_register(&skeleton);
	if (err) {
		lend_dma_unmap(dma);
		fput(buffer);
		buffer = NULL;
	}
	return err;
}

static void skeleton_remove(struct pci_dev *pdev)
{
	misc_deregister(&skeleton);	/* nobody opens it any more */
	/* Here the device is stopped. */
	lend_revoke(buffer);		/* who has it mapped gets SIGBUS */
	lend_dma_unmap(dma);
	fput(buffer);
	buffer = NULL;
}

static const struct pci_device_id ids[] = { { PCI_DEVICE(0x1234, 0x1111) }, {} };

static struct pci_driver skeleton_driver = {
	.name = "skeleton", .id_table = ids, .probe = skeleton_probe, .remove = skeleton_remove,
};
module_pci_driver(skeleton_driver);
MODULE_DEVICE_TABLE(pci, ids);
MODULE_DESCRIPTION("Skeleton of a driver with a buffer of lend");
MODULE_LICENSE("GPL");
